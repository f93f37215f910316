"""What programs in an environment's terminals have left behind, found by a variable of theirs."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MARK: Final = "VIBEBOX_ENVIRONMENT_ID"
"""The variable by which programs can tell, and can be told, which environment they are in."""

_SECONDS: Final = 5.0
"""Time for the kernel to be rid of what was killed."""

_LOOK_SECONDS: Final = 0.01


def end_leftovers(environment_id: str) -> None:
    """Kill every process that was started in an environment. Blocks; only Linux can find them."""
    deadline = time.monotonic() + _SECONDS
    while found := list(_marked(f"{MARK}={environment_id}".encode())):
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            return
        time.sleep(_LOOK_SECONDS)


def _marked(mark: bytes) -> Iterator[int]:
    """Processes that were given this variable when they were started, but for our own."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in path.read_bytes().split(b"\0") and int(path.parent.name) != os.getpid():
                yield int(path.parent.name)
