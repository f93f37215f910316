"""A server to be measured: a process of its own, as `vibebox serve` is, without limits on counts.

As a program (`measured_server.py DIRECTORY`) it is that server, and ends with its input.
"""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
import psutil

from vibebox_tui.cli.serving import run_server, serve_until_told
from vibebox_tui.paths import credential_file
from vibebox_tui.server.app import Server
from vibebox_tui.server.settings import LimitSettings, ServerSettings

MANY: Final = 1_000_000
"""More connections than are ever opened: what limits them is not what is measured."""

START_SECONDS: Final = 30.0


class MeasuredServer:
    """The server with its keeper, on a Unix socket in a directory that goes with it."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="vbx-bench-")
        self.directory = Path(self._directory.name)
        self.socket = self.directory / "server.sock"
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self.directory)], stdin=subprocess.PIPE
        )
        self.process = psutil.Process(self._process.pid)
        credential = credential_file(self.socket)
        deadline = time.monotonic() + START_SECONDS
        while not credential.exists() or not self._listens():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise TimeoutError("the server didn't start")
            time.sleep(0.01)
        self.token = credential.read_text().strip()
        self.rest = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket)),
            base_url="http://local/api/v1",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60.0,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.rest.close()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(START_SECONDS)
        self._directory.cleanup()

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    @property
    def cpu(self) -> float:
        """Seconds of CPU that the server has used, without its keeper and what that keeps."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def resident(self) -> int:
        """Bytes of memory that the server has resident."""
        return int(self.process.memory_info().rss)

    def post(self, path: str, **content: Any) -> Any:
        """POST JSON; the answer's JSON, None where it has none."""
        answer = self.rest.post(path, json=content)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def environment(self, *command: str) -> str:
        """Create an environment; its id."""
        name = f"bench {len(self.rest.get('/environments').json()['data'])}"
        created = self.post("/environments", name=name, command=list(command))
        return str(created["id"])

    def start(self, environment_id: str) -> None:
        """Start an environment."""
        self.post(f"/environments/{environment_id}/start")

    def session(self, environment_id: str, rows: int = 24, cols: int = 80) -> str:
        """Open a shell; its id."""
        path = f"/environments/{environment_id}/sessions"
        return str(self.post(path, sessionType="shell", rows=rows, cols=cols)["id"])

    def statistics(self, path: str) -> Any:
        """GET something."""
        return self.rest.get(path).json()


def main(arguments: Sequence[str]) -> None:
    """Be the server."""
    directory = Path(arguments[0])
    settings = ServerSettings(
        data_directory=directory / "data",
        uds=directory / "server.sock",
        limits=LimitSettings(connections_per_user=MANY, log_connections_per_environment=MANY),
        stop_environments=True,
    )

    async def serve() -> None:
        await serve_until_told(Server(settings), or_input_ends=True)

    run_server(serve)


if __name__ == "__main__":
    main(sys.argv[1:])
