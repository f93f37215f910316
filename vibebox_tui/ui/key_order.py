"""Keys one after the other: each lands where those before it have left the focus.

Textual hands every key to the widget that has the focus when the key is read, although what an
earlier one does, going to another pane say, happens later, in other tasks. Who types ahead, over a
slow line above all, would have the second key of `t` `Enter` act on the pane that `t` leaves.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.message_pump import MessagePump
from textual.widget import Widget

PATIENCE: Final = 1.0
"""Seconds that a key may take to have its effect before the next one goes its way all the same: the
widget that had it may be gone."""

Input = events.Key | events.Paste


class KeyOrder:
    """Hands keys and pastes to `forward`, each as soon as the one before it has had its effect.

    That is known by a callback that follows the key on its way through the widgets' queues: what
    the key made them post is ahead of it. Those that wait are as many as the terminal has sent;
    `settled` is called when none is left.

    A widget with a method `take_at_once(key) -> bool` is asked first, where it has the focus,
    whether it does there and then all that the key does: what is typed into a terminal needn't go
    through the queues of the widgets around it. Nor need a key to which none of them listens: it
    can only be that of a binding, which is looked for at once.
    """

    def __init__(
        self,
        app: App[Any],
        forward: Callable[[Input], Awaitable[None]],
        settled: Callable[[], None],
    ) -> None:
        self._app = app
        self._forward = forward
        self._settled = settled
        self._waiting: deque[Input] = deque()
        self._present: Input | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def take(self, event: Input) -> None:
        """Forward `event`, now or after those that came before it."""
        self._waiting.append(event)
        if self._present is None:
            await self._forward_next()

    async def _forward_next(self) -> None:
        while self._waiting and self._present is None:
            event = self._waiting.popleft()
            target = self._app.focused or self._app.screen
            if _has_taken(target, event):
                continue
            is_binding = isinstance(event, events.Key) and self._is_for_bindings(target, event)
            await (self._act_on(event) if is_binding else self._forward(event))
            if event.is_forwarded:  # else a priority binding has acted on it
                self._present = event
                loop = asyncio.get_running_loop()
                self._patience = loop.call_later(PATIENCE, self._settle, event)
                self._follow(event, target, None if is_binding else target)
        if self._present is None:
            self._settled()

    def _is_for_bindings(self, target: DOMNode, key: events.Key) -> bool:
        """Whether neither the one who has the focus nor anything around it listens to the key."""
        if not self._app.app_focus or self._app.screen.maximized is not None:
            return False  # Textual acts on it by itself
        return not any(
            isinstance(node, Widget) and _listens(node, key) for node in target.ancestors_with_self
        )

    async def _act_on(self, event: Input) -> None:
        """What Textual does with a key before it hands it on, and once it has come back."""
        assert isinstance(event, events.Key)
        if not await self._app._check_bindings(event.key, priority=True):
            event._set_forwarded()
            await self._forward(event)

    def _follow(self, event: Input, node: MessagePump, start: MessagePump | None) -> None:
        """Come back once `node` has dealt with what is in its queue now.

        `start` is where the way begins once more: what the key made a widget post comes behind
        this callback in its queue, as does what a binding made it post, on which the app acts once
        the key has come up to it.
        """
        if not node.post_message(events.Callback(_Step(self, event, node, start).take)):
            self._settle(event)

    def _pass(self, event: Input, node: MessagePump, start: MessagePump | None) -> None:
        if event is not self._present:
            return
        if node is not self._app and node._parent is not None:
            self._follow(event, node._parent, start)
        elif start is not None:
            self._follow(event, start, None)
        elif self._app.screen._layout_required:
            self._app.screen.call_after_refresh(self._settle, event)
        else:
            self._settle(event)

    def _settle(self, event: Input) -> None:
        """It has had its effect, but for what has been posted to the app."""
        self._app.call_later(self._go_on, event)

    async def _go_on(self, event: Input) -> None:
        if event is self._present:
            self._present = None
            if self._patience is not None:
                self._patience.cancel()
            await self._forward_next()


@dataclass(slots=True)
class _Step:
    """A step on a key's way. A method, since Textual finds out what a `partial` takes each time
    that it calls one, which is longer than all else of a step."""

    order: KeyOrder
    event: Input
    node: MessagePump
    start: MessagePump | None

    def take(self) -> None:
        self.order._pass(self.event, self.node, self.start)


def _listens(node: Widget, key: events.Key) -> bool:
    methods = [f"key_{name}" for name in key.name_aliases]
    return _has_handler(type(node)) or any(
        hasattr(node, name) or hasattr(node, f"_{name}") for name in methods
    )


@cache
def _has_handler(kind: type[Widget]) -> bool:
    """Whether widgets of a kind handle keys, other than as all widgets do."""
    kinds = [each for each in kind.__mro__ if each is not Widget]
    return any(name in vars(each) for each in kinds for name in ("on_key", "_on_key"))


def _has_taken(target: MessagePump, event: Input) -> bool:
    """Whether `target` is one that takes keys at once, and has done so with this one."""
    take: Callable[[events.Key], bool] | None = getattr(target, "take_at_once", None)
    return take is not None and isinstance(event, events.Key) and take(event)
