"""How a server is run as a program: on which event loop, and until when."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vibebox_tui.server.app import Server


def run_server(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `main`, on uvloop where that is installed."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())


async def serve_until_told(server: "Server", *, or_input_ends: bool) -> None:
    """Serve until SIGTERM or Ctrl+C, or until standard input ends.

    The latter is a leash: a pipe whose other end has whoever started the server, so that it
    doesn't outlive them.
    """
    leash = asyncio.create_task(_end_with_input()) if or_input_ends else None
    await server.serve()
    if leash is not None:
        leash.cancel()
        with suppress(asyncio.CancelledError):
            await leash


async def _end_with_input() -> None:
    """Tell this process to end, as from outside, as soon as standard input has ended."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    descriptor = sys.stdin.fileno()

    def look() -> None:
        if not os.read(descriptor, 4096):
            ended.set()

    loop.add_reader(descriptor, look)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
    signal.raise_signal(signal.SIGTERM)
