"""What the log pane's tests share: an app with the pane alone, and a client whose log they feed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.support import wait_for
from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LogEvent, LogLines, LogLiveNow
from vibebox_tui.client.log_reader import LogCursor
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.paths import styles_directory
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.protocol.models import Environment, LogPage
from vibebox_tui.ui.key_order import KeyOrder
from vibebox_tui.ui.messages import Said
from vibebox_tui.ui.panes.logs import LogsPane
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.theme import THEMES, with_our_tokens

ENVIRONMENT = Environment(id="env-1", name="api-dev")
HEIGHT = 20
"""Rows of the pane in these tests."""

LEVELS = ("INFO", "DEBUG", "INFO", "WARN", "INFO", "ERROR")

NOW = 1_760_000_000.0
"""The time at which the tests' clock stands."""


def entries(
    count: int,
    text: Callable[[int], str] = "line {}".format,
    first: int = 1,
    stream: str = "stdout",
) -> list[LogEntry]:
    """Entries with sequence numbers from `first` on, a millisecond apart."""
    return [
        LogEntry(
            "env-1",
            stream,  # type: ignore[arg-type]
            text(seq),
            f"2025-10-09T08:{seq // 60000 % 60:02d}:{seq // 1000 % 60:02d}.{seq % 1000:03d}Z",
            seq,
        )
        for seq in range(first, first + count)
    ]


def levelled(number: int) -> str:
    """Line `number`, its level by turns."""
    return f"{LEVELS[number % len(LEVELS)]} line {number}"


def number(entry: LogEntry) -> int:
    assert entry.seq is not None, "these have numbers"
    return entry.seq


class Feed:
    """A client whose only log is what a test puts into it, over a real subscription."""

    def __init__(self, older: list[LogEntry] | None = None) -> None:
        self.subscription: Subscription[LogEvent] | None = None
        self.rest = self
        self._older = older or []
        self.asked: list[dict[str, Any]] = []
        """What lines were asked for, one request after the other."""
        self.answers = asyncio.Event()
        """Cleared while requests are to stay without an answer."""
        self.answers.set()
        self.after: LogCursor | None = None
        """After which line the pane has begun to follow; None: with the last ones."""

    def logs(self, environment_id: str, **options: Any) -> Any:
        """A subscription as a pane wants it; with a `limit`, the REST call for lines."""
        self.after = options.get("after")
        if "limit" in options:
            self.asked.append(options)
            return self._page(**options)
        self.subscription = Subscription(
            capacity=1_000_000, opened=lambda _: None, closed=lambda _: None
        )
        return self.subscription

    async def _page(
        self,
        limit: int,
        before_seq: int | None = None,
        since_seq: int | None = None,
        since: str | None = None,
    ) -> LogPage:
        await self.answers.wait()
        found = [each for each in self._older if before_seq is None or number(each) < before_seq]
        found = [each for each in found if since_seq is None or number(each) > since_seq]
        found = [each for each in found if since is None or (each.timestamp or "") >= since]
        page = found[-limit:] if before_seq is not None else found[:limit]
        first = self._older[0].seq if self._older else None
        next_seq = number(self._older[-1]) + 1 if self._older else 1
        return LogPage(data=page, epoch="e", first_seq=first, next_seq=next_seq)

    def retain_from(self, seq: int) -> None:
        """Have only the lines from that number on, as a server that has deleted the others."""
        self._older = [entry for entry in self._older if (entry.seq or 0) >= seq]

    def put(self, event: LogEvent | list[LogEntry]) -> None:
        """Hand an event, or lines, to the pane."""
        assert self.subscription is not None, "the pane has subscribed"
        self.subscription.put(LogLines(event) if isinstance(event, list) else event)


class LogApp(App[None]):
    """The log pane and nothing else, in the dashboard's theme."""

    feed: Feed
    pilot: Pilot[None]

    def __init__(
        self, client: Feed | Client, environment: Environment = ENVIRONMENT, **settings: Any
    ) -> None:
        if isinstance(client, Feed):
            self.feed = client
        self.said: list[str] = []
        styles = styles_directory()
        super().__init__(css_path=[styles / "tokens.tcss", styles / "logs.tcss"])
        self.pane = LogsPane(
            client,  # type: ignore[arg-type]
            environment,
            settings=DashboardSettings(clock=lambda: NOW, **settings),
        )
        self._key_order = KeyOrder(self, super().on_event, lambda: None)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self._key_order.take(event)
        else:
            await super().on_event(event)

    def get_css_variables(self) -> dict[str, str]:
        return with_our_tokens(super().get_css_variables())

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.log_view.focus()

    def on_said(self, message: Said) -> None:
        self.said.append(message.text)

    @property
    def screen_rows(self) -> list[str]:
        """What is on the screen of the log, row by row, without the blanks at the right."""
        view = self.pane.log_view
        return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


@asynccontextmanager
async def pane_with(
    lines: list[LogEntry] | None = None,
    older: list[LogEntry] | None = None,
    width: int = 80,
    **settings: Any,
) -> AsyncIterator[tuple[LogApp, Pilot[None]]]:
    """The pane, following a log that has these lines."""
    app = LogApp(Feed(older), **settings)
    async with app.run_test(size=(width, HEIGHT)) as pilot:
        await wait_for(lambda: app.feed.subscription, what="the pane's subscription")
        if lines:
            app.feed.put(lines)
            await says(app, f"{len(lines):,} kept")
        app.feed.put(LogLiveNow())
        yield app, pilot


async def shows(app: LogApp, text: str) -> None:
    """Wait until some row on the screen contains `text`."""
    await wait_for(lambda: any(text in row for row in app.screen_rows), what=f"{text!r}")


async def says(app: LogApp, text: str) -> None:
    """Wait until the border says `text`."""
    await wait_for(lambda: text in app.pane.detail, what=f"{text!r} in the border")


def texts(app: LogApp) -> list[str]:
    """The rows on the screen without time and level."""
    return [row[15:] for row in app.screen_rows if row]


def cursor_text(app: LogApp) -> str:
    line = app.pane.log_view.cursor_line
    return line.text if line else ""
