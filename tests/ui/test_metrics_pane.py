"""The metrics pane: values with their limits, their course, and the truth about their age."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult

from tests.support import wait_for
from vibebox_tui.client.errors import ApiError
from vibebox_tui.client.events import LinkPhase, LinkState, StatusEvent, StatusUpdate
from vibebox_tui.client.subscription import Subscription
from vibebox_tui.paths import styles_directory
from vibebox_tui.protocol.messages import EnvironmentStatus
from vibebox_tui.protocol.models import Environment, EnvironmentStats, Sample
from vibebox_tui.ui.figures import cpu_text, memory_text
from vibebox_tui.ui.glyphs import ASCII, UNICODE
from vibebox_tui.ui.messages import MomentChosen
from vibebox_tui.ui.panes.metrics import MetricsPane, Series, with_limit
from vibebox_tui.ui.settings import DashboardSettings
from vibebox_tui.ui.theme import THEMES, with_our_tokens

NOW = 1_760_000_000.0
ENVIRONMENT = Environment(id="env-1", name="api-dev", cpu_limit=2.0, memory_limit=4096)


class Feed:
    """A client whose only states are what a test puts into it, over a real subscription."""

    def __init__(self, stats: EnvironmentStats | None = None) -> None:
        self.subscription: Subscription[StatusEvent] | None = None
        self.rest = self
        self._stats = stats

    def status(self, environment_id: str) -> Subscription[StatusEvent]:
        self.subscription = Subscription(
            capacity=1000, opened=lambda _: None, closed=lambda _: None
        )
        return self.subscription

    async def environment_stats(self, environment_id: str) -> EnvironmentStats:
        if self._stats is None:
            raise ApiError(404, "NotFound", "there is no such route")
        return self._stats

    def put(self, cpu: float | None, memory: float | None, state: str = "running") -> None:
        assert self.subscription is not None
        status = EnvironmentStatus("env-1", state, None, cpu, memory)
        self.subscription.put(StatusUpdate(status, NOW))


class MetricsApp(App[None]):
    """The metrics pane and nothing else, with a clock that the test moves."""

    def __init__(self, feed: Any, glyphs: Any = UNICODE) -> None:
        styles = styles_directory()
        super().__init__(css_path=[styles / "tokens.tcss", styles / "metrics.tcss"])
        self.now = NOW
        self.moments: list[int] = []
        settings = DashboardSettings(clock=lambda: self.now, glyphs=glyphs)
        self.pane = MetricsPane(feed, ENVIRONMENT, settings=settings)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def get_css_variables(self) -> dict[str, str]:
        return with_our_tokens(super().get_css_variables())

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_moment_chosen(self, event: MomentChosen) -> None:
        self.moments.append(event.moment)

    def values(self) -> list[str]:
        """What stands behind the bars."""
        return [str(series.value.content).strip() for series in self.query(Series)]

    def bars(self, series: int) -> list[str]:
        """The rows of one series' bars."""
        sparkline = list(self.query(Series))[series].sparkline
        return [sparkline.render_line(y).text for y in range(sparkline.size.height)]


@asynccontextmanager
async def metrics(
    feed: Feed, size: tuple[int, int] = (80, 8), glyphs: Any = UNICODE
) -> AsyncIterator[MetricsApp]:
    app = MetricsApp(feed, glyphs)
    async with app.run_test(size=size):
        await wait_for(lambda: feed.subscription, what="the pane's subscription")
        yield app


async def test_shows_present_values_with_their_limits():
    feed = Feed()
    async with metrics(feed) as app:
        await wait_for(lambda: app.values() == ["–/200%", "–/4.0G"])
        feed.put(41.0, 1228.8)
        await wait_for(lambda: app.values() == ["41%/200%  20%", "1.2G/4.0G  30%"])
        await wait_for(lambda: app.bars(0)[-1].strip())


async def test_what_is_not_known_is_a_dash_and_never_0():
    feed = Feed()
    async with metrics(feed) as app:
        feed.put(41.0, 310.0)
        await wait_for(lambda: app.values()[0].startswith("41%"))
        feed.put(None, None, "stopped")
        await wait_for(lambda: app.values() == ["–/200%", "–/4.0G"])


async def test_an_old_value_is_dimmed_and_says_its_age():
    feed = Feed()
    async with metrics(feed) as app:
        feed.put(41.0, 310.0)
        await wait_for(lambda: app.values()[0].startswith("41%"))
        app.now += 42
        await wait_for(lambda: app.values()[0].endswith("42s ago"))
        assert all(series.sparkline.has_class("-stale") for series in app.query(Series))
        assert feed.subscription is not None
        feed.subscription.put_link(LinkState(LinkPhase.WAITING, NOW))
        await wait_for(lambda: app.pane.has_class("-stale"))


async def test_history_is_filled_in_from_the_server():
    history = [Sample(int(NOW * 1000) - 2000 * n, 150.0, 1000.0) for n in range(1, 300)]
    stats = EnvironmentStats("env-1", 150.0, 1000.0, 2.0, 4096, history)
    async with metrics(Feed(stats)) as app:
        await wait_for(lambda: sum(cell != " " for cell in app.bars(0)[-1]) > 15)


@pytest.mark.parametrize(("height", "is_compact"), [(1, True), (2, True), (6, False)])
async def test_a_low_pane_has_both_in_one_line(height: int, is_compact: bool):
    feed = Feed()
    async with metrics(feed, (100, height)) as app:
        assert app.pane.has_class("-compact") is is_compact
        feed.put(41.0, 310.0)
        await wait_for(lambda: app.values()[0].startswith("41%"))
        lines = 1 if is_compact else 2
        await wait_for(lambda: len({series.region.y for series in app.query(Series)}) == lines)


async def test_plain_characters_where_the_terminal_has_no_others():
    feed = Feed()
    async with metrics(feed, glyphs=ASCII) as app:
        feed.put(200.0, 4096.0)
        await wait_for(lambda: "#" in app.bars(0)[0])
        assert all(row.isascii() for row in app.bars(0) + app.bars(1))


def test_a_value_without_a_limit_stands_alone():
    assert with_limit(41.0, None, cpu_text, UNICODE).strip() == "41%"
    assert with_limit(None, None, memory_text, UNICODE).strip() == "–"


async def test_the_window_can_be_narrower_or_wider():
    history = [Sample(int(NOW * 1000) - 2000 * n, 100.0, 1000.0) for n in range(150)]
    stats = EnvironmentStats("env-1", 100.0, 1000.0, 2.0, 4096, history)
    app = MetricsApp(Feed(stats))
    async with app.run_test(size=(80, 8)) as pilot:
        app.pane.focus()
        widths = []
        for key in ("greater_than_sign", "less_than_sign", "less_than_sign", "less_than_sign"):
            await pilot.press(key)
            await wait_for(lambda: app.bars(0)[-1].strip())
            widths.append(len(app.bars(0)[-1].strip()))
        assert widths == sorted(widths)
        assert widths[0] < widths[-1]
        assert app.pane.detail == "last 1m"


async def test_keys_choose_a_series_mark_a_moment_and_ask_for_its_log():
    history = [Sample(int(NOW * 1000) - 2000 * n, 100.0, 1000.0) for n in range(150)]
    stats = EnvironmentStats("env-1", 100.0, 1000.0, 2.0, 4096, history)
    app = MetricsApp(Feed(stats))
    async with app.run_test(size=(80, 12)) as pilot:
        app.pane.focus()
        await wait_for(lambda: app.bars(0)[-1].strip())
        await pilot.press("h", "left", "left", "right")
        marks = [series.sparkline.marked for series in app.query(Series)]
        assert marks == [1, None]
        await pilot.press("j")
        assert [series.sparkline.marked for series in app.query(Series)] == [None, 1]
        assert app.pane.detail.split(" · ")[0].endswith("MEM 1.0G")
        await pilot.press("enter")
        slot = 600 / app.query(Series)[1].sparkline.size.width
        await wait_for(lambda: app.moments)
        assert NOW - 2 * slot - 1 <= app.moments[0] / 1000 <= NOW - slot + 1
        await pilot.press("k", "escape")
        assert app.pane.chosen == 0
        assert app.pane.marked_at is None
        assert app.pane.detail == "last 10m"


async def test_a_mark_stays_at_its_moment_while_time_moves_on():
    app = MetricsApp(Feed())
    async with app.run_test(size=(80, 12)) as pilot:
        app.pane.focus()
        await pilot.press("h")
        assert app.query(Series)[0].sparkline.marked == 0
        app.now += 60
        app.pane.redraw()
        moved = app.query(Series)[0].sparkline.marked
        assert moved is not None
        assert moved > 2
        app.now += 3600
        app.pane.redraw()
        await wait_for(lambda: app.pane.marked_at is None)
