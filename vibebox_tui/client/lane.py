"""Many environments over one connection (guide, "Multiplexing Multiple Subscriptions")."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from vibebox_tui.client.connection import Connection
from vibebox_tui.client.errors import RefusedError
from vibebox_tui.client.events import LinkState
from vibebox_tui.client.feed import Feed
from vibebox_tui.client.link import Link
from vibebox_tui.client.other_servers import sentence, wants_environment_id
from vibebox_tui.client.server_access import ServerAccess
from vibebox_tui.protocol.codes import ErrorCode
from vibebox_tui.protocol.messages import EnvListChanged, Error, ErrorReport, ServerMessage

_log = logging.getLogger(__name__)

LIST: Final = ""
"""The name under which the feed of all environments' changes goes, which is about none of them."""

DEFAULT_RETRY_AFTER: Final = 1.0
"""Seconds until a subscription is repeated that the server found to be one message too many."""

_FINAL_CODES: Final = frozenset({ErrorCode.ENV_NOT_FOUND, ErrorCode.FORBIDDEN})


class Lane:
    """A link and the feeds that share it; `environment_id` where it serves only that one."""

    def __init__(
        self,
        access: ServerAccess,
        endpoint: str,
        changed: Callable[[], None],
        *,
        environment_id: str | None = None,
        wants_own_lanes: Callable[[], None] | None = None,
    ) -> None:
        name = endpoint if environment_id is None else f"{endpoint} {environment_id}"
        self.feeds: dict[str, Feed] = {}
        self.link = Link(access, name, endpoint, self, changed)
        self._endpoint = endpoint
        self._environment_id = environment_id
        self._wants_own_lanes = wants_own_lanes
        self._connection: Connection | None = None

    def add(self, environment_id: str, feed: Feed) -> None:
        """Carry another feed."""
        self.feeds[environment_id] = feed
        feed.link_changed(self.link.state)
        if self._connection is not None:
            feed.opened(self._connection)

    def remove(self, environment_id: str) -> None:
        """Carry a feed no more."""
        feed = self.feeds.pop(environment_id, None)
        if feed is not None:
            feed.leave()

    # --- for the link ----------------------------------------------------------------------

    def query(self, has_features: bool | None) -> dict[str, str]:
        query = {"batch": "1"} if self._endpoint == "logs" else {}
        if self._environment_id is not None:
            query["environmentId"] = self._environment_id
        return query

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        for feed in tuple(self.feeds.values()):
            feed.opened(connection)

    def received(self, message: ServerMessage) -> None:
        if isinstance(message, Error):
            self._take_error(message.payload)
            return
        is_of_list = isinstance(message, EnvListChanged)
        name = LIST if is_of_list else getattr(message.payload, "environment_id", None)
        feed = self.feeds.get(name) if name is not None else None
        if feed is not None:
            feed.received(message)

    def lost(self) -> None:
        self._connection = None
        for feed in tuple(self.feeds.values()):
            feed.lost()

    def link_changed(self, state: LinkState) -> None:
        for feed in tuple(self.feeds.values()):
            feed.link_changed(state)

    # --- errors ----------------------------------------------------------------------------

    def _take_error(self, report: ErrorReport) -> None:
        if self._environment_id is None and wants_environment_id(report):
            if self._wants_own_lanes is not None:
                self._wants_own_lanes()
        elif report.code == ErrorCode.RATE_LIMITED:
            self._repeat_later(report)
        elif report.code in _FINAL_CODES and (environment_id := self._about(report)) is not None:
            feed = self.feeds.pop(environment_id)
            feed.fail(RefusedError(sentence(report), report.code))

    def _about(self, report: ErrorReport) -> str | None:
        """Which feed an error is about: the one that it names, or the only one there is."""
        named = (report.details or {}).get("environmentId")
        if isinstance(named, str):
            return named if named in self.feeds else None
        return next(iter(self.feeds)) if len(self.feeds) == 1 else None

    def _repeat_later(self, report: ErrorReport) -> None:
        """Our message was not acted on: subscribe again after as long as the server asks for."""
        connection = self._connection
        if connection is None:
            return
        wait = (report.details or {}).get("retryAfter")
        seconds = wait / 1000 if isinstance(wait, int | float) else DEFAULT_RETRY_AFTER
        asyncio.get_running_loop().call_later(seconds, self._repeat, connection)

    def _repeat(self, connection: Connection) -> None:
        if self._connection is connection:
            self.opened(connection)


class Lanes:
    """All feeds of one endpoint: on one shared lane, or on one each where the server wants that."""

    def __init__(self, access: ServerAccess, endpoint: str, changed: Callable[[], None]) -> None:
        self._access = access
        self._endpoint = endpoint
        self._changed = changed
        self._shared: Lane | None = None
        self._own: dict[str, Lane] = {}
        self._is_split = False
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def links(self) -> list[Link]:
        """The links in use."""
        lanes = [*self._own.values(), *([self._shared] if self._shared else [])]
        return [lane.link for lane in lanes]

    def add(self, environment_id: str, feed: Feed) -> None:
        """Carry another feed."""
        self._lane_for(environment_id).add(environment_id, feed)

    def remove(self, environment_id: str) -> None:
        """Carry a feed no more; a lane of its own is closed, the shared one stays for the next."""
        if (own := self._own.pop(environment_id, None)) is not None:
            own.remove(environment_id)
            self._close_later(own)
        elif self._shared is not None:
            self._shared.remove(environment_id)

    async def close(self) -> None:
        """Close all connections."""
        lanes = [*self._own.values(), *([self._shared] if self._shared else [])]
        self._own, self._shared = {}, None
        await asyncio.gather(*(lane.link.close() for lane in lanes), *self._closing)

    def _lane_for(self, environment_id: str) -> Lane:
        if self._is_split and environment_id != LIST:
            lane = self._own[environment_id] = Lane(
                self._access, self._endpoint, self._changed, environment_id=environment_id
            )
            lane.link.start()
            return lane
        if self._shared is None:
            self._shared = Lane(
                self._access, self._endpoint, self._changed, wants_own_lanes=self._split
            )
            self._shared.link.start()
        return self._shared

    def _split(self) -> None:
        """The server serves one environment per connection: give each its own."""
        shared, self._shared = self._shared, None
        if shared is None:
            return
        _log.info("%s: one connection for each environment, as this server wants it", shared)
        self._is_split = True
        feeds, shared.feeds = shared.feeds, {}
        self._close_later(shared)
        for environment_id, feed in feeds.items():
            feed.lost()
            if environment_id != LIST:
                self.add(environment_id, feed)

    def _close_later(self, lane: Lane) -> None:
        task = asyncio.create_task(lane.link.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
