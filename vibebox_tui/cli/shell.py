"""`vibebox shell`: the user's own terminal on a session of an environment, as ssh would."""

import asyncio
import codecs
import os
import shutil
import signal
import sys
import termios
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import click

from vibebox_tui.cli.naming import named
from vibebox_tui.cli.queries import QueryFilter
from vibebox_tui.cli.server_choice import ServerOptions, connect, server_options
from vibebox_tui.client.client import Client
from vibebox_tui.client.events import (
    InputLost,
    InputPending,
    InputUncertain,
    LinkPhase,
    LinkState,
    TerminalEnded,
    TerminalEvent,
    TerminalText,
)
from vibebox_tui.client.terminal import TerminalLink
from vibebox_tui.errors import UsageError
from vibebox_tui.protocol.models import CreateSessionRequest, Environment, Session

ESCAPE_KEY: Final = "\x1d"
"""Ctrl+], as in the dashboard and in telnet."""

READ_SIZE: Final = 4_096
"""Bytes read from the terminal at once."""

MOST_WAITING: Final = 8_192
"""Characters on their way beyond which no more are read: a long paste goes as fast as it can."""

_RESTORE: Final = (
    "\x1b[0m\x1b[?1047l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l"
    "\x1b[?1l\x1b>\x1b[?25h\x1b[r\x1b[?7h"
)
"""Undoes what a program may have left switched on: screens, mouse, pastes, keys, cursor. (1049
would put the cursor where it was saved last, though no other screen was shown.)"""

_HELP: Final = (
    "\r\n  Ctrl+] d or q   leave, the session stays"
    "\r\n  Ctrl+] ]        send Ctrl+] itself"
    "\r\n  Ctrl+] k        reconnect now"
    "\r\n  Ctrl+] s / x    send, or forget, what was typed while disconnected"
    "\r\n  Ctrl+] ?        this\r\n"
)


@click.command()
@click.argument("environment")
@click.option("--session", metavar="NAME", help="The session to attach to; made if there is none.")
@click.option("--new", is_flag=True, help="Always make a new session.")
@click.option("--read-only", is_flag=True, help="Watch, and send nothing of what is typed.")
@server_options
def shell(
    environment: str, session: str | None, new: bool, read_only: bool, server: ServerOptions
) -> int:
    """Attach this terminal to a session of ENVIRONMENT, named by its name, slug or id.

    Everything that is typed goes there but Ctrl+], which is followed by one more key: d leaves
    and the session stays, ? shows the others. The exit status is that of the session if it ends.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("a shell needs a terminal, but standard input or output is redirected")
    return asyncio.run(_shell(server, environment, session, is_new=new, read_only=read_only))


async def _shell(
    server: ServerOptions, name: str, session_name: str | None, *, is_new: bool, read_only: bool
) -> int:
    async with connect(server) as client:
        environment = named(await client.rest.environments(), name)
        session = await _session(client, environment, session_name, is_new=is_new)
        columns, rows = shutil.get_terminal_size()
        terminal = client.terminal(session.id, rows=rows, columns=columns, read_only=read_only)
        async with terminal as link:
            with _raw_terminal(sys.stdin.fileno()):
                attached = Attached(link, client.retry_now, read_only=read_only)
                status = await attached.run()
        if status is None:
            click.echo(f"\nleft {environment.name}/{session.session_name}; the session stays")
        return status or 0


async def _session(
    client: Client, environment: Environment, name: str | None, *, is_new: bool
) -> Session:
    """The session of that name, the first one there is, or a new one."""
    sessions = await client.rest.sessions(environment.id)
    living = [each for each in sessions if each.status != "terminated"]
    fitting = [each for each in living if name is None or each.session_name == name]
    if fitting and not is_new:
        return fitting[0]
    columns, rows = shutil.get_terminal_size()
    request = CreateSessionRequest(session_name=name, rows=rows, cols=columns)
    return await client.rest.create_session(environment.id, request)


class Attached:
    """The user's terminal on `link`, until the session ends or the user leaves it."""

    def __init__(
        self, link: TerminalLink, retry_now: Callable[[], None], *, read_only: bool
    ) -> None:
        self._link = link
        self._retry_now = retry_now
        self._read_only = read_only
        self._queries = QueryFilter()
        self._is_prefixed = False
        self._was_lost = False
        self._left = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def run(self) -> int | None:
        """Relay until it's over; the session's exit code, or None where the user left."""
        async with _resizes(self._link):
            writing = asyncio.create_task(self._write())
            typing = asyncio.create_task(self._type(sys.stdin.fileno()))
            leaving = asyncio.create_task(self._left.wait())
            tasks = {writing, typing, leaving}
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                return writing.result() if writing.done() else None
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self) -> int | None:
        """Write what the session writes; its exit code once it has ended."""
        async for event in self._link:
            if isinstance(event, TerminalEnded):
                return event.exit_code
            self._show(event)
        return None

    def _show(self, event: TerminalEvent) -> None:
        match event:
            case TerminalText(data):
                _write(self._queries.passed(data))
            case LinkState(phase=LinkPhase.CONNECTED):
                if self._was_lost:
                    _note("the link is back")
                self._was_lost = False
            case LinkState(phase=LinkPhase.STALE) if not self._was_lost:
                _note("no answer from the server (Ctrl+] k connects anew, Ctrl+] d leaves)")
                self._was_lost = True
            case LinkState(phase=LinkPhase.WAITING | LinkPhase.REFUSED, reason=reason):
                if not self._was_lost:
                    _note(f"the link is lost: {reason} (Ctrl+] k tries now, Ctrl+] d leaves)")
                self._was_lost = True
                self._has_room.set()
            case InputPending(characters, held=is_held):
                self._notice_pending(characters, is_held=is_held)
            case InputUncertain():
                _note("it is not known whether the last input arrived")
            case InputLost(data):
                _note(f"the session never got {len(data)} characters that were typed meanwhile")
            case _:
                pass

    def _notice_pending(self, characters: int, *, is_held: bool) -> None:
        if characters < MOST_WAITING or self._was_lost:
            self._has_room.set()  # without a link there is nothing to wait for but the escape key
        else:
            self._has_room.clear()
        if is_held:
            _note(f"{characters} characters typed meanwhile: Ctrl+] s sends, Ctrl+] x forgets")

    async def _type(self, descriptor: int) -> None:
        """Send what is typed, as fast as it is taken in; ends when nothing more can be typed."""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        while data := await _read(descriptor):
            self._take(decode(data))
            await self._has_room.wait()

    def _take(self, text: str) -> None:
        """Send `text`, but obey what follows the escape key in it."""
        while text:
            if self._is_prefixed:
                self._is_prefixed = False
                self._obey(text[0])
                text = text[1:]
                continue
            before, escape, text = text.partition(ESCAPE_KEY)
            self._send(before)
            self._is_prefixed = bool(escape)

    def _obey(self, key: str) -> None:
        match key:
            case "d" | "q" | "\x1b":
                self._left.set()
            case "]" | "\x1d":
                self._send(ESCAPE_KEY)
            case "s":
                self._link.release_pending()
            case "x":
                self._link.discard_pending()
            case "k":
                self._retry_now()
            case _:
                _write(_HELP)

    def _send(self, text: str) -> None:
        if text and not self._read_only:
            self._link.send(text)


async def _read(descriptor: int) -> bytes:
    """What is typed next; nothing once the terminal is gone."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
        return os.read(descriptor, READ_SIZE)
    except OSError:
        return b""
    finally:
        loop.remove_reader(descriptor)


@asynccontextmanager
async def _resizes(link: TerminalLink) -> AsyncIterator[None]:
    """The session follows the size of the user's terminal."""
    loop = asyncio.get_running_loop()

    def resize() -> None:
        columns, rows = shutil.get_terminal_size()
        link.resize(rows, columns)

    loop.add_signal_handler(signal.SIGWINCH, resize)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)


@contextmanager
def _raw_terminal(descriptor: int) -> Iterator[None]:
    """The terminal passes every key on as it is; afterwards it is as it was."""
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        _write(_RESTORE)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _note(text: str) -> None:
    _write(f"\r\n[vibebox: {text}]\r\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
