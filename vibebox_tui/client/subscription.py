"""What a pane's worker reads: an async iterator over a bounded queue."""

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from vibebox_tui.client.events import LinkState

E = TypeVar("E")


class Subscription(Generic[E]):
    """Events of one thing, in order, across any number of reconnects.

    Use it as `async with client.logs(id) as log:` and `async for event in log:`. Iteration ends
    when the subscription or its client is closed, and raises a `VibeBoxError` when what it is
    about doesn't exist (any more) or isn't allowed. There is one reader.

    What happens when the reader is slow is decided by who feeds it (`room`, `put`); a
    `LinkState` never waits behind others of its kind: the newest replaces one that is still
    unread at the end of the queue.
    """

    def __init__(
        self,
        *,
        capacity: int,
        opened: "Callable[[Any], None]",
        closed: "Callable[[Any], None]",
        drained: "Callable[[Any], None] | None" = None,
    ) -> None:
        """`capacity` bounds the weight (see `put`) of what waits; the callbacks tell the feeder."""
        self.capacity = capacity
        self.event_count = 0
        """Events that were put in, since the start."""
        self.waiting_weight = 0
        """Weight of what waits to be read."""
        self._events: deque[tuple[E | LinkState, int]] = deque()
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._error: Exception | None = None
        self._is_open = False
        self._is_closed = False
        self._is_released = False
        self._opened = opened
        self._closed = closed
        self._drained = drained

    # --- for the reader --------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._is_open = True
        self._opened(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E | LinkState:
        if not self._is_open:
            raise RuntimeError("a subscription is read inside of its `async with`")
        while not self._events:
            if self._error is not None:
                raise self._error
            if self._is_closed:
                raise StopAsyncIteration
            self._readable.clear()
            await self._readable.wait()
        return self._take()

    @property
    def following(self) -> E | LinkState | None:
        """The event that is read next, None while there is none."""
        return self._events[0][0] if self._events else None

    async def close(self) -> None:
        """End the subscription; whoever iterates comes to the end."""
        if self._is_released:
            return
        self._is_released = True
        self._end()
        if self._is_open:
            self._closed(self)

    @property
    def is_closed(self) -> bool:
        """Whether nothing will be put in any more."""
        return self._is_closed

    # --- for the feeder --------------------------------------------------------------------

    @property
    def room(self) -> int:
        """How much weight may still be put in; it may go below 0 by the last event's weight."""
        return self.capacity - self.waiting_weight

    def put(self, event: E, weight: int = 1) -> None:
        """Add an event; the caller has looked at `room`, or can't lose it anyhow."""
        if self._is_closed:
            return
        self.event_count += 1
        self.waiting_weight += weight
        self._events.append((event, weight))
        self._readable.set()
        if self.room <= 0:
            self._writable.clear()

    def put_link(self, state: LinkState) -> None:
        """Add the link's state, or replace the one at the end that nobody has read yet."""
        if self._is_closed:
            return
        if self._events and isinstance(self._events[-1][0], LinkState):
            self._events.pop()
        self._events.append((state, 0))
        self._readable.set()

    def put_latest(self, event: E) -> None:
        """Add an event in place of an unread one of the same class."""
        for index, (waiting, weight) in enumerate(self._events):
            if type(waiting) is type(event):
                self._events[index] = (event, weight)
                self.event_count += 1
                return
        self.put(event)

    def fail(self, error: Exception) -> None:
        """End with `error`, raised to the reader after what is still waiting."""
        if not self._is_closed:
            self._error = error
            self._end()

    def end(self) -> None:
        """End normally, after what is still waiting."""
        self._end()

    async def wait_for_room(self) -> None:
        """Return once less than the capacity waits, or nobody reads any more."""
        await self._writable.wait()

    # ---------------------------------------------------------------------------------------

    def _take(self) -> E | LinkState:
        event, weight = self._events.popleft()
        self.waiting_weight -= weight
        if self.room > 0:
            self._writable.set()
        if self._drained is not None and weight:
            self._drained(self)
        return event

    def _end(self) -> None:
        self._is_closed = True
        self._readable.set()
        self._writable.set()
