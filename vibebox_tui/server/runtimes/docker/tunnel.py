"""The engine of another host: its socket, forwarded to one here by the system's own `ssh`."""

import asyncio
import contextlib
import re
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Final

from vibebox_tui.server.errors import RuntimeAwayError
from vibebox_tui.server.runtimes.docker import exec_relay

SSH_VARIABLES: Final = ("HOME", "PATH", "USER", "LOGNAME", "SSH_AUTH_SOCK")
"""What `ssh` takes from the environment."""

_PLACE: Final = re.compile(
    r"ssh://(?P<host>(?:[\w.+-]+@)?\w[\w.-]*|(?:[\w.+-]+@)?\[[\da-fA-F:]+\])"
    r"(?::(?P<port>\d+))?(?P<socket>/.*)?"
)
"""A host as `ssh` takes it, which can't be taken for one of its options."""

_DEFAULT_SOCKET: Final = "/var/run/docker.sock"

_END: Final = 2.0
"""Seconds for an `ssh` to end by itself before it is made to."""

_STEP: Final = 0.05


def ssh_place(address: str) -> dict[str, str]:
    """What `exec_relay.forwarding` takes for `ssh://user@host:port/path/of/socket`.

    Raises:
        RuntimeAwayError: it is no such address.
    """
    found = _PLACE.fullmatch(address)
    if found is None:
        raise RuntimeAwayError(
            f"{address} is no address of a container engine: give ssh://user@host, with the path of"
            " the engine's socket behind it where that isn't Docker's usual one"
        )
    socket = found["socket"] or ""
    return {
        "host": found["host"].replace("[", "").replace("]", ""),
        "port": found["port"] or "",
        "socket": socket if len(socket) > 1 else _DEFAULT_SOCKET,
    }


class SshTunnel:
    """The socket of the engine at an `ssh://` address, here as long as it is open.

    It ends with us, however we end.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._place = ssh_place(address)
        self._directory = Path(tempfile.gettempdir()) / f"vibebox-engine-{secrets.token_hex(6)}"
        self._ssh: asyncio.subprocess.Process | None = None

    async def open(self) -> str:
        """Log in; the address of the engine here.

        Raises:
            RuntimeAwayError: SSH fails; the reason is its own.
        """
        self._directory.mkdir(mode=0o700)
        socket, log = self._directory / "engine.sock", self._directory / "ssh.log"
        try:
            async with asyncio.timeout(exec_relay.ANSWER):
                self._ssh = await self._start(socket, log)
                while not socket.exists():
                    if self._ssh.returncode is not None:
                        raise RuntimeAwayError(
                            f"{self._address} can't be reached: {exec_relay.complaint(log)}"
                        )
                    await asyncio.sleep(_STEP)
        except TimeoutError as error:
            raise RuntimeAwayError(f"{self._address}: no answer by SSH in time") from error
        return f"unix://{socket}"

    async def close(self) -> None:
        """End it."""
        if self._ssh is not None and self._ssh.returncode is None:
            await _end(self._ssh)
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    async def _start(self, socket: Path, log: Path) -> asyncio.subprocess.Process:
        pipe, none = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        command = exec_relay.forwarding(self._place, socket)
        try:
            with log.open("wb") as said:
                return await asyncio.create_subprocess_exec(
                    *command, stdin=pipe, stdout=none, stderr=said, start_new_session=True
                )
        except OSError as error:
            why = "ssh is not installed here" if isinstance(error, FileNotFoundError) else error
            raise RuntimeAwayError(f"{self._address} can't be reached: {why}") from error


async def _end(ssh: asyncio.subprocess.Process) -> None:
    """End an `ssh` whose connections are closed by ending its input, else by force."""
    if ssh.stdin is not None:
        ssh.stdin.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END):
            await ssh.wait()
            return
    with contextlib.suppress(ProcessLookupError):
        ssh.kill()
    await ssh.wait()
