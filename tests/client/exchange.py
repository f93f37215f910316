"""A dashboard's part in a login that several share: `exchange.py ADDRESS FILE GO` renews it once.

It says `ready`, waits until the file GO is there, asks for another token, and prints it.
"""

import asyncio
import sys
import time
from pathlib import Path

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.rest import RestClient
from vibebox_tui.client.saved_login import SavedLogin


async def main() -> None:
    address, file, go = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    async with RestClient(ServerAddress.parse(address), StaticToken("")) as rest:
        login = SavedLogin(file, rest.refresh)
        before = await login.token()
        print("ready", flush=True)
        while not go.exists():  # noqa: ASYNC240
            time.sleep(0.001)  # noqa: ASYNC251 - there is nothing else to be done here
        after = await login.refresh()
        assert after != before
        print(after.reveal(), flush=True)
        async with RestClient(ServerAddress.parse(address), login) as rest:
            print((await rest.me()).email, flush=True)


asyncio.run(main())
