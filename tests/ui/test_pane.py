import asyncio
from typing import cast

import pytest
from textual.app import ComposeResult
from textual.widgets import Label

from tests.support import wait_for
from tests.ui.stage import NOW, SETTINGS, Stage
from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.panes.pane import Pane, PaneFailure

API = Environment(id="id-api", name="api[bold]-dev")
WEB = Environment(id="id-web", name="web")
NO_CLIENT = cast("Client", None)
"""These panes ask nothing of a server."""


class Following(Pane):
    """Notes what it follows, and fails or waits as it was told."""

    NOUN = "Echo"

    def __init__(self, environment: Environment | None, error: Exception | None = None) -> None:
        super().__init__(NO_CLIENT, environment, settings=SETTINGS)
        self.error = error
        self.followed: list[str] = []
        self.ended: list[str] = []
        self.resets = 0

    def compose(self) -> ComposeResult:
        yield Label("content")

    def reset(self) -> None:
        self.resets += 1

    async def follow(self) -> None:
        assert self.environment is not None
        name = self.environment.name
        self.followed.append(name)
        try:
            if self.error is not None:
                raise self.error
            await asyncio.Event().wait()
        finally:
            self.ended.append(name)


async def test_the_border_says_whose_it_is_with_brackets_as_they_are() -> None:
    pane = Following(API)
    async with Stage(lambda: [pane]).run_test(size=(60, 6)) as pilot:
        assert "Echo: api[bold]-dev" in pilot.app.export_screenshot().replace("&#160;", " ")


async def test_a_worker_follows_its_environment_once() -> None:
    pane = Following(WEB)
    async with Stage(lambda: [pane]).run_test():
        await wait_for(lambda: pane.followed)
        pane.environment = Environment(id="id-web", name="renamed")
        await asyncio.sleep(0)
        assert pane.followed == ["web"]
        assert "renamed" in str(pane.border_title)


async def test_another_environment_starts_the_worker_anew() -> None:
    pane = Following(WEB)
    async with Stage(lambda: [pane]).run_test():
        await wait_for(lambda: pane.followed)
        pane.environment = API
        await wait_for(lambda: len(pane.followed) == 2)
        await wait_for(lambda: pane.ended == ["web"])
        assert pane.resets == 2


async def test_no_environment_ends_the_worker() -> None:
    pane = Following(WEB)
    async with Stage(lambda: [pane]).run_test():
        await wait_for(lambda: pane.followed)
        pane.environment = None
        await wait_for(lambda: pane.ended == ["web"])
        assert pane.followed == ["web"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (VibeBoxError("the token has expired."), "the token has expired. Ctrl+R tries again."),
        (ValueError("oops"), "This pane failed: ValueError: oops. Ctrl+R tries again."),
        (
            ExceptionGroup("several", [VibeBoxError("the first cause")]),
            "the first cause. Ctrl+R tries again.",
        ),
    ],
)
async def test_a_failed_worker_marks_its_pane_and_nothing_else(
    error: Exception, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    failing, healthy = Following(API, error), Following(WEB)
    async with Stage(lambda: [failing, healthy]).run_test() as pilot:
        await wait_for(lambda: failing.has_class("-failed"))
        await pilot.pause()
        assert str(failing.query_one(PaneFailure).content) == told
        assert not healthy.has_class("-failed")
        assert healthy.ended == []


async def test_a_failed_pane_can_be_started_again() -> None:
    pane = Following(API, VibeBoxError("not yet"))
    async with Stage(lambda: [pane]).run_test() as pilot:
        await wait_for(lambda: pane.has_class("-failed"))
        pane.error = None
        pane.restart()
        await wait_for(lambda: len(pane.followed) == 2)
        await pilot.pause()
        assert not pane.has_class("-failed")
        assert not pane.query(PaneFailure)


async def test_a_pane_is_not_stale_while_its_link_is_opened_for_the_first_time() -> None:
    pane = Following(API)
    async with Stage(lambda: [pane]).run_test():
        pane.show_link(LinkState(LinkPhase.CONNECTING, NOW))
        assert not pane.has_class("-stale")


@pytest.mark.parametrize("phase", list(LinkPhase))
async def test_a_pane_is_stale_unless_its_link_is_up(phase: LinkPhase) -> None:
    pane = Following(API)
    async with Stage(lambda: [pane]).run_test():
        pane.show_link(LinkState(phase, NOW, attempt=1))
        assert pane.has_class("-stale") is (phase is not LinkPhase.CONNECTED)
