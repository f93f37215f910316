"""One dashboard on two servers, one of which is killed and comes back while the other goes on."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.integration.in_terminal import PATIENCE, VibeboxInTerminal, variables
from tests.support import wait_for_sync
from vibebox_tui.cli.server_process import answers
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import TokenFile
from vibebox_tui.paths import credential_file
from vibebox_tui.protocol.models import CreateEnvironmentRequest, Environment

COUNTING = "n=0; while :; do n=$((n+1)); echo {} says $n; sleep 0.1; done"


class ServeProcess:
    """`vibebox serve` on a Unix socket, with a store of its own and one environment that counts."""

    def __init__(self, home: Path, name: str) -> None:
        self.name = name
        self.socket = home / f"{name}.sock"
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        self.environment = asyncio.run(self._add())

    def start(self) -> None:
        """Start it and wait until it answers."""
        directory = str(self._home / self.name)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "vibebox_tui", "serve"),
                *("--uds", str(self.socket), "--data-dir", directory),
            ],
            env=variables(self._home),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        credential = credential_file(self.socket)
        wait_for_sync(lambda: answers(self.socket) and credential.exists(), PATIENCE)

    def kill(self) -> None:
        """SIGKILL: what it runs goes on."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """End what it runs, then the server itself."""
        asyncio.run(self._stop())
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(PATIENCE)

    def _client(self) -> Client:
        address = ServerAddress.parse(f"unix:{self.socket}")
        return Client(address, TokenFile(credential_file(self.socket)))

    async def _add(self) -> Environment:
        command = ["sh", "-c", COUNTING.format(self.name)]
        async with self._client() as client:
            request = CreateEnvironmentRequest(name="api", command=command)
            environment = await client.rest.create_environment(request)
            await client.rest.start(environment.id)
            return environment

    async def _stop(self) -> None:
        async with self._client() as client:
            await client.rest.stop(self.environment.id)


@pytest.fixture
def servers(short_path: Path) -> Iterator[tuple[ServeProcess, ServeProcess]]:
    """`prod` and `lab`, both the configuration's default."""
    with ExitStack() as opened:
        prod, lab = (
            opened.enter_context(closing(ServeProcess(short_path, name)))
            for name in ("prod", "lab")
        )
        config = short_path / ".config" / "vibebox" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(
            'context = ["prod", "lab"]\n'
            f'[contexts.prod]\nurl = "unix:{prod.socket}"\n'
            f'[contexts.lab]\nurl = "unix:{lab.socket}"\n'
        )
        yield prod, lab


@pytest.mark.timeout(240)
def test_one_is_killed_and_comes_back_while_the_other_goes_on(
    short_path: Path, servers: tuple[ServeProcess, ServeProcess]
) -> None:
    _, lab = servers
    with closing(VibeboxInTerminal(short_path)) as dashboard:
        dashboard.until("prod ok", "lab ok", "Environments (2)", "Logs: api at prod")
        dashboard.type("j+")  # the log of the second one beside that of the first
        dashboard.until("Logs: api at prod", "Logs: api at lab", "prod says", "lab says")

        lab.kill()
        dashboard.until("lab ✗ reconnecting", "? unknown", "prod ok", "● running")
        newest = _newest(dashboard, "prod")
        wait_for_sync(lambda: _newest(dashboard, "prod") > newest + 5, PATIENCE)

        lab.start()
        dashboard.type("\x12")  # Ctrl+R: now
        dashboard.until("lab ok", "link lost", "complete")
        newest = _newest(dashboard, "lab")
        wait_for_sync(lambda: _newest(dashboard, "lab") > newest + 5, PATIENCE)

        dashboard.type("q")
        dashboard.until("Leave VibeBox", "api at prod, api at lab are running.")
        dashboard.type("\r")
        assert dashboard.end() == 0


def _newest(dashboard: VibeboxInTerminal, name: str) -> int:
    """The last number that an environment's log shows."""
    dashboard.until(f"{name} says")
    numbers = [
        line.split(f"{name} says ")[1].split()[0] for line in dashboard.lines(f"{name} says")
    ]
    return max(int(number) for number in numbers)
