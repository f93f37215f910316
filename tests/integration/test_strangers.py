"""Crowds that never authenticate."""

import json
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.integration.served import Served
from tests.support import wait_for
from vibebox_tui.cli.server_process import process_of

SCRIPT = Path(__file__).parents[2] / "bench" / "strangers.py"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_who_has_a_token_gets_in_past_a_thousand_who_have_none() -> None:
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--quick"],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    facts = json.loads(run.stdout.splitlines()[-1])
    assert facts["figures"]["strangers that connected"]["value"] >= 990, run.stdout
    assert facts["figures"]["attempts that failed"]["value"] == 0, run.stdout
    assert facts["attempts"] > 20


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is of Linux")
async def test_who_has_a_token_gets_in_where_strangers_have_used_up_all_files(
    short_path: Path,
) -> None:
    served = Served(short_path)
    served.start()
    try:
        await gets_in_beside(300, served)
        assert "Traceback" not in served.said
    finally:
        served.end()


async def gets_in_beside(count: int, served: Served) -> None:
    number = process_of(served.socket)
    assert number is not None
    server = psutil.Process(number)
    async with served.client() as client:
        await client.rest.environments()
    most = server.num_fds() + 50
    server.rlimit(psutil.RLIMIT_NOFILE, (most, most))
    with ExitStack() as strangers:
        for _ in range(count):
            stranger = strangers.enter_context(socket.socket(socket.AF_UNIX))
            stranger.connect(str(served.socket))
        await wait_for(lambda: server.num_fds() >= most - 2, what="the last file")
        async with served.client() as client:
            assert await client.rest.environments() == []
