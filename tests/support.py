"""What tests share: waiting with a deadline."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

DEADLINE: Final = 10.0
"""Seconds after which a wait fails; generous, for a loaded machine."""

_STEP: Final = 0.005
"""Seconds between two looks."""


async def wait_for(
    predicate: Callable[[], Any | Awaitable[Any]],
    timeout: float = DEADLINE,  # noqa: ASYNC109  # a failure that says what was waited for
    what: str = "",
) -> Any:
    """Return the first truthy value of `predicate` (plain or async), or fail at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what or inspect.getsource(predicate)}")
        await asyncio.sleep(_STEP)


def wait_for_sync(predicate: Callable[[], Any], timeout: float = DEADLINE, what: str = "") -> Any:
    """The same for tests without an event loop."""
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what or inspect.getsource(predicate)}")
        time.sleep(_STEP)
    return value
