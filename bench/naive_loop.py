"""The naive loop on Python's `websockets`: encode once, one send for each client.

`naive_loop.py SOCKET`: answers each message `{"lines": n, "rate": r}` with n log messages to all
clients, r a second or, with 0, as fast as it can.
"""

import asyncio
import json
import sys
import time

from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

clients: set[ServerConnection] = set()


async def main(path: str) -> None:
    async with unix_serve(serve, path, compression=None):
        await asyncio.Event().wait()


async def serve(client: ServerConnection) -> None:
    clients.add(client)
    try:
        async for message in client:
            order = json.loads(message)
            await send_lines(order["lines"], order["rate"])
    except ConnectionClosed:
        pass
    finally:
        clients.discard(client)


async def send_lines(lines: int, rate: float) -> None:
    began = time.monotonic()
    for number in range(1, lines + 1):
        if rate and (ahead := began + number / rate - time.monotonic()) > 0:
            await asyncio.sleep(ahead)
        now = time.time()
        payload = {
            "environmentId": "00000000-0000-0000-0000-000000000000",
            "stream": "stdout",
            "message": f"{now:.6f} INFO request {number} served in 3 ms by worker 7",
            "timestamp": "2026-01-01T00:00:00.000Z",
            "seq": number,
        }
        text = json.dumps({"type": "log", "payload": payload, "timestamp": int(now * 1000)})
        for client in clients:
            await client.send(text)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
