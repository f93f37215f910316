"""tmux for a local environment: a server of its own, apart from the user's."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vibebox_tui.server.errors import StartFailedError

_TIMEOUT: Final = 5.0
"""Seconds that tmux has for an answer."""


class Tmux:
    """The tmux server that listens under a name of its own (`tmux -L name`)."""

    def __init__(self, name: str, variables: Mapping[str, str]) -> None:
        self.name = name
        self._variables = dict(variables)

    def attach(self, session: str) -> tuple[str, list[str]]:
        """The program and arguments that attach to a session, made where it is missing.

        Raises:
            StartFailedError: there is no tmux.
        """
        program = self._program()
        if program is None:
            raise StartFailedError("tmux is not installed here; open a session of type shell")
        return program, [
            program, "-L", self.name, "new-session", "-A", "-s", _plain(session),
        ]  # fmt: skip

    async def end(self, session: str | None = None) -> None:
        """End a session, or the server with all of them; not being there is no error."""
        program = self._program()
        if program is None or not self._socket.exists():
            return
        what = ["kill-server"] if session is None else ["kill-session", "-t", f"={_plain(session)}"]
        process = await asyncio.create_subprocess_exec(
            program, "-L", self.name, *what,
            env=self._variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_TIMEOUT):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    @property
    def _socket(self) -> Path:
        directory = self._variables.get("TMUX_TMPDIR") or "/tmp"  # as tmux has it
        return Path(directory) / f"tmux-{os.getuid()}" / self.name

    def _program(self) -> str | None:
        return shutil.which("tmux", path=self._variables.get("PATH"))


def _plain(session: str) -> str:
    """A name that tmux takes as it is: no colon, no full stop, nothing that it expands."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in session)
