"""`vibebox` as a user has it: a program of its own in a terminal, in an empty home directory."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from tests.support import wait_for_sync
from vibebox_tui.emulator import Emulator

PATIENCE = 40.0
"""Seconds; a loaded machine takes several to start."""

ROWS, COLUMNS = 40, 120


class VibeboxInTerminal:
    """`vibebox` with `arguments` and `more` variables, its home and its temporary files in
    `directory`."""

    def __init__(self, directory: Path, *arguments: str, **more: str) -> None:
        self.screen = Emulator(ROWS, COLUMNS)
        self._ours, theirs = os.openpty()
        os.set_blocking(self._ours, False)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vibebox_tui", *arguments],
            env={**variables(directory), "LINES": str(ROWS), "COLUMNS": str(COLUMNS), **more},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def close(self) -> None:
        """End it, if it hasn't."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def until(self, *texts: str) -> None:
        """Wait until the screen has all of these."""
        try:
            wait_for_sync(lambda: self._shows(texts), PATIENCE)
        except AssertionError as error:
            raise AssertionError(f"no {texts} on the screen:\n{self.text}") from error

    @property
    def text(self) -> str:
        """What is on the screen, as far as it has been read."""
        return "\n".join(row.rstrip() for row in self.screen.display)

    def lines(self, text: str) -> list[str]:
        """The lines of the screen that have `text`."""
        self._read()
        return [line for line in self.screen.display if text in line]

    def end(self) -> int:
        """Wait for its end; its exit status."""
        wait_for_sync(lambda: self._read() or self.process.poll() is not None, PATIENCE)
        return self.process.wait()

    def family(self) -> list[psutil.Process]:
        """Whatever it has started, and what that has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def _shows(self, texts: tuple[str, ...]) -> bool:
        self._read()
        return all(text in self.text for text in texts)

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 65536):
                self.screen.feed(data)
                os.write(self._ours, self.screen.take_replies())
        except OSError:
            return


def variables(directory: Path) -> dict[str, str]:
    """The environment variables of a user whose home directory is `directory`."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    runtime = directory / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    return {
        "LANG": "C.UTF-8",
        **kept,
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "XDG_RUNTIME_DIR": str(runtime),
        "TERM": "xterm-256color",
    }
