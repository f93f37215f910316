"""The server of the soak: a process that is stopped, killed and started again on the same data."""

import argparse
import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import psutil

from vibebox_tui.cli.server_process import answers
from vibebox_tui.cli.serving import run_server, serve_until_told
from vibebox_tui.paths import credential_file
from vibebox_tui.server.records import Retention
from vibebox_tui.server.settings import ServerSettings

START_SECONDS: Final = 30.0
"""For a start on a busy machine, with what was running to be found again."""

STOP_SECONDS: Final = 20.0
"""For an end in good order."""

COUNT_SECONDS: Final = 0.5
"""Between two counts of the server's tasks, which only it can count."""

TASKS_FILE: Final = "tasks"


class SoakServer:
    """`vibebox serve` on a Unix socket in `directory`, with so many bytes of log kept."""

    def __init__(self, directory: Path, log_bytes: int) -> None:
        self.socket = directory / "server.sock"
        self._directory = directory
        self._log_bytes = log_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._keepers: list[psutil.Process] = []
        self._output: IO[bytes] = (directory / "server.log").open("ab")

    @property
    def process(self) -> psutil.Process:
        """The process that runs now."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    @property
    def tasks(self) -> int:
        """How many tasks it had when it last counted them."""
        with suppress(OSError, ValueError):
            return int((self._directory / TASKS_FILE).read_text())
        return 0

    @property
    def keepers(self) -> list[psutil.Process]:
        """The keeper, which outlives the server, and its process above each environment."""
        mark = str(self._directory / "data")
        if not self._keepers or not all(each.is_running() for each in self._keepers):
            self._keepers = [
                process
                for process in psutil.process_iter(["cmdline"])
                if any("keeper" in word and mark in word for word in process.info["cmdline"] or ())
            ]
        return self._keepers

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            RuntimeError: it ended, or doesn't answer in time.
        """
        directory, size = str(self._directory), str(self._log_bytes)
        self._process = subprocess.Popen(
            [sys.executable, __file__, directory, size],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
        )
        deadline = time.monotonic() + START_SECONDS
        while not (answers(self.socket) and credential_file(self.socket).exists()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server doesn't start; see {self._output.name}")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: no farewell, nothing finished."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: connections closed with 1012, everything in good order."""
        self._end(signal.SIGTERM)

    def end(self) -> None:
        """Stop it and the keeper, with all that runs there, whatever state they are in."""
        keepers = self.keepers
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self.stop()
        for keeper in keepers:
            with suppress(psutil.NoSuchProcess):
                keeper.terminate()
        psutil.wait_procs(keepers, STOP_SECONDS)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open and nobody answers."""
        self.process.suspend()

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.resume()

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(STOP_SECONDS)


def main() -> None:
    """Serve until told to end."""
    arguments = argparse.ArgumentParser(description="The soak's server.")
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("log_bytes", type=int)
    given = arguments.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    os.umask(0o077)
    settings = ServerSettings(
        data_directory=given.directory / "data",
        uds=given.directory / "server.sock",
        retention=Retention(max_environment_bytes=given.log_bytes),
    )

    async def serve() -> None:
        from vibebox_tui.server.app import Server

        counting = asyncio.create_task(_count_tasks(given.directory / TASKS_FILE))
        try:
            await serve_until_told(Server(settings), or_input_ends=False)
        finally:
            counting.cancel()

    run_server(serve)


async def _count_tasks(file: Path) -> None:
    """Keep in a file how many tasks there are; a reader gets a whole number or none."""
    while True:
        await asyncio.to_thread(file.write_text, str(len(asyncio.all_tasks())))
        await asyncio.sleep(COUNT_SECONDS)


if __name__ == "__main__":
    main()
