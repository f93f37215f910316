"""A server on another host by SSH: `vibebox stdio` there, through the system's own `ssh`.

So the keys, agents, aliases and jump hosts of the user's own configuration apply. One `ssh` logs
in and stays; each connection is another session over it. Here they appear on a Unix socket in a
private directory, which the rest of the client speaks to as to any other.
"""

import asyncio
import logging
import secrets
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.clock import Clock
from vibebox_tui.client.credentials import RenewedToken, Secret
from vibebox_tui.client.errors import CredentialsError, UnreachableError

_log = logging.getLogger(__name__)

LOG_IN_TIMEOUT: Final = 20.0
"""Seconds for SSH's log-in and the first answer from there, which may have to start the server."""

END_TIMEOUT: Final = 2.0
"""Seconds for an `ssh` to end by itself before it is made to."""

CHUNK: Final = 64 * 1024
"""Bytes passed on at once."""

TUNNEL_FAILED: Final = "VibeBox-Tunnel-Failed"
"""The header in which a tunnel that can't reach the server says why, in place of the server."""

_OPTIONS: Final = (
    *("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"),
    *("-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"),
)
"""No terminal and no questions, which would end up in the middle of the screen; a link that has
died is noticed within half a minute."""

_LONGEST_REASON: Final = 200
"""Characters of what `ssh` complains that are shown."""


class SshTunnel:
    """A way to the server of `target` (`ssh://user@host:port`) while `async with` lasts.

    `command` is how `vibebox` is called there. `address` is where the server is to be found here.
    """

    def __init__(self, target: ServerAddress, command: Sequence[str] = ("vibebox",)) -> None:
        self._target = target
        self._command = shlex.join(command)
        self._turn = asyncio.Lock()
        self._master: asyncio.subprocess.Process | None = None
        self._credential = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._directory = Path(tempfile.gettempdir()) / f"vibebox-ssh-{secrets.token_hex(6)}"
        self.address = ServerAddress(
            "localhost", 80, socket=self._directory / "server.sock", name=str(target)
        )

    async def __aenter__(self) -> Self:
        self._directory.mkdir(mode=0o700)
        self._server = await asyncio.start_unix_server(self._accepted, self.address.socket)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._master is not None:
            await _end(self._master)
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    async def credential(self, stale: str = "") -> str:
        """The token for the server, another one than `stale` if there is one.

        Raises:
            UnreachableError: SSH fails, or there is no server there; the reason is SSH's own.
        """
        await self._log_in()
        if self._credential == stale:
            session = await self._session("stdio", "--credential", leash=False)
            self._credential = await self._first_line(session)
            await _end(session)
        return self._credential

    # --- logging in ------------------------------------------------------------------------

    async def _log_in(self) -> None:
        """See to it that the `ssh` that the others share is there."""
        async with self._turn:
            if self._master is not None and self._master.returncode is None:
                return
            self._master = None
            session = await self._session("stdio", "--credential", master=True)
            try:
                self._credential = await self._first_line(session)
            except BaseException:
                await _end(session)
                raise
            self._master = session

    async def _session(
        self, *arguments: str, master: bool = False, leash: bool = True
    ) -> asyncio.subprocess.Process:
        """An `ssh` that runs `vibebox` there; with a leash it ends with our end of its input."""
        target, path = self._target, self._directory / "c"
        where = [*(["-p", str(target.port)] if target.port else []), "-S", str(path)]
        control = ["-o", f"ControlMaster={'yes' if master else 'no'}", "-o", "ControlPersist=no"]
        words = ["ssh", *_OPTIONS, *control, *where, "--", target.ssh]
        pipe, none = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            return await asyncio.create_subprocess_exec(
                *words,
                f"{self._command} {shlex.join(arguments)}",
                stdin=pipe if leash else none,
                stdout=pipe,
                stderr=pipe,
                start_new_session=True,
            )
        except OSError as error:
            why = "ssh is not installed here" if isinstance(error, FileNotFoundError) else error
            raise UnreachableError(str(target), str(why)) from error

    async def _first_line(self, session: asyncio.subprocess.Process) -> str:
        assert session.stdout is not None
        try:
            async with asyncio.timeout(LOG_IN_TIMEOUT):
                line = await session.stdout.readline()
                if line.strip():
                    return line.decode("utf-8", "replace").strip()
                reason = await _complaint(session)
        except TimeoutError as error:
            raise UnreachableError(str(self._target), "no answer by SSH in time") from error
        raise UnreachableError(str(self._target), reason)

    # --- connections -----------------------------------------------------------------------

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="ssh session")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session: asyncio.subprocess.Process | None = None
        try:
            await self._log_in()
            session = await self._session("stdio")
            if not await _relay(session, reader, writer):
                writer.write(_refusal(await _complaint(session)))
        except UnreachableError as error:
            _log.info("%s", error)
            writer.write(_refusal(error.reason))
        except OSError as error:
            _log.debug("a session of %s ended: %s", self._target, error)
        finally:
            writer.close()
            if session is not None:
                await _end(session)


class SshCredentials(RenewedToken):
    """The token that the server there gives to whoever may log in as its user."""

    def __init__(self, tunnel: SshTunnel, *, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._tunnel = tunnel

    async def _fetch(self, stale: Secret | None) -> Secret:
        try:
            return Secret(await self._tunnel.credential(stale.reveal() if stale else ""))
        except UnreachableError as error:
            raise CredentialsError(str(error)) from error


async def _relay(
    session: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Pass bytes on until either side ends; whether anything came from there."""
    assert session.stdin is not None
    assert session.stdout is not None
    up = asyncio.create_task(_pass_on(reader, session.stdin))
    down = asyncio.create_task(_pass_on(session.stdout, writer))
    try:
        done, _ = await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
        return down not in done or down.result() > 0
    finally:
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    """How many bytes there were."""
    count = 0
    with suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            count += len(data)
            writer.write(data)
            await writer.drain()
    return count


async def _complaint(session: asyncio.subprocess.Process) -> str:
    """What an `ssh` said before it ended, in one line."""
    assert session.stderr is not None
    try:
        async with asyncio.timeout(END_TIMEOUT):
            said = (await session.stderr.read(CHUNK)).decode("utf-8", "replace")
    except TimeoutError:
        said = ""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = lines[-1].removeprefix("vibebox: ") if lines else "the SSH session ended"
    return "".join(each for each in reason if each.isprintable())[:_LONGEST_REASON]


async def _end(session: asyncio.subprocess.Process) -> None:
    """End an `ssh` by ending its input; one that doesn't is made to."""
    if session.stdin is not None:
        session.stdin.close()
    try:
        async with asyncio.timeout(END_TIMEOUT):
            await session.wait()
    except TimeoutError:
        session.kill()
        await session.wait()


def _refusal(reason: str) -> bytes:
    """What a gateway answers that can't reach the server."""
    plain = reason.encode("ascii", "replace").decode()
    return (
        f"HTTP/1.1 502 Bad Gateway\r\n{TUNNEL_FAILED}: {plain}\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()
