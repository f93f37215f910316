"""Reading subscriptions in tests: until something has come, within a deadline."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from tests.running_server import RunningServer
from tests.support import DEADLINE
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.credentials import Credentials, StaticToken
from vibebox_tui.client.events import LogLines
from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.client.subscription import Subscription

T = TypeVar("T")


def client_of(
    server: RunningServer,
    *,
    user: str = "admin",
    address: str | None = None,
    credentials: Credentials | None = None,
    settings: ClientSettings | None = None,
) -> Client:
    """A client of a running server, by another address where that goes through a relay."""
    return Client(
        ServerAddress.parse(address or server.address),
        credentials or StaticToken(server.token(user)),
        settings=settings,
        chance=lambda: 0.0,
    )


async def next_of(subscription: Subscription[Any], kind: type[T], within: float = DEADLINE) -> T:
    """The next event of a class, those before it skipped."""
    event = await next_where(subscription, lambda each: isinstance(each, kind), within)
    assert isinstance(event, kind)
    return event


async def next_where(
    subscription: Subscription[Any], wanted: Callable[[Any], bool], within: float = DEADLINE
) -> Any:
    """The next event that is wanted, those before it skipped."""
    async with asyncio.timeout(within):
        async for event in subscription:
            if wanted(event):
                return event
    raise AssertionError("the subscription ended before")


async def lines_until(
    subscription: Subscription[Any], last: str, within: float = DEADLINE
) -> list[str]:
    """The text of all lines up to the one that says `last`."""
    found: list[str] = []
    async with asyncio.timeout(within):
        async for event in subscription:
            if isinstance(event, LogLines):
                found += [entry.message for entry in event.entries]
                if found and last in found:
                    return found
    raise AssertionError(f"the subscription ended after {len(found)} lines")
