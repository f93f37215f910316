"""Alerts, events and errors where there is room for them: what they tell and where they lead."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import LARGE, MIDDLE, SLEEPING, dashboard
from tests.ui.stage import NOW, row
from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.logs.levels import Level
from vibebox_tui.ui.error_watch import Errors, SeenLine
from vibebox_tui.ui.glyphs import UNICODE
from vibebox_tui.ui.notices import Events, Lead, Notice, last_errors
from vibebox_tui.ui.panes.environments import EnvironmentsPane, Sought
from vibebox_tui.ui.panes.info import InfoPane
from vibebox_tui.ui.panes.notices import NoticeList, NoticesPane

FAILING = ("sh", "-c", "echo INFO begins; echo ERROR db timeout; sleep 600")


def told(happened: Events) -> list[str]:
    return [f"{lead.notice.name} {lead.notice.text}" for lead in happened.leads(print)]


def test_events_are_what_has_changed_since_the_beginning() -> None:
    happened = Events(UNICODE)
    happened.take([row(1, "api"), row(2, "web", "stopped")], NOW)
    assert told(happened) == []
    happened.take([row(1, "api", "error", message="exited with code 1"), row(3, "db")], NOW + 1)
    assert told(happened) == ["web deleted", "db new, running", "api error: exited with code 1"]


def test_the_environments_of_a_server_that_answers_later_are_nothing_new() -> None:
    happened = Events(UNICODE)
    there = replace(row(2, "web"), server="there")
    happened.take([row(1, "api")], NOW)
    happened.take([row(1, "api"), there], NOW + 1)
    assert told(happened) == []
    happened.take([row(1, "api"), there, replace(row(3, "db"), server="there")], NOW + 2)
    assert told(happened) == ["db new, running"]


def test_a_lost_link_is_one_event_and_stops_no_environment() -> None:
    happened = Events(UNICODE)
    happened.take([row(1, "api")], NOW)
    waiting = LinkState(LinkPhase.WAITING, NOW, attempt=1, reason="connection refused")
    happened.take_link("link", waiting, NOW)
    happened.take_link("link", replace(waiting, attempt=2), NOW)
    happened.take([row(1, "api", "unknown", is_stale=True)], NOW)
    happened.take_link("link", LinkState(LinkPhase.CONNECTED, NOW), NOW)
    happened.take([row(1, "api")], NOW)
    assert told(happened) == ["link connected again", "link link lost: connection refused"]
    happened.take([row(1, "api", "stopped")], NOW)
    assert told(happened)[0] == "api stopped"


def test_the_last_errors_of_all_are_newest_first() -> None:
    def with_errors(number: int, *times: int) -> Any:
        errors = Errors()
        errors.recent.extend(SeenLine(at, Level.ERROR, f"at {at}") for at in times)
        return replace(row(number, f"env-{number}"), errors=errors)

    gone: list[tuple[str, int]] = []
    rows = [with_errors(1, 10, 30), row(2, "quiet"), with_errors(3, 20)]
    found = last_errors(rows, UNICODE, lambda key, moment: gone.append((key.id, moment)))
    told = [(lead.notice.name, lead.notice.at) for lead in found]
    assert told == [("env-1", 30), ("env-3", 20), ("env-1", 10)]
    for lead in found:
        assert lead.go is not None
        lead.go()
    assert gone == [("id-1", 30_000), ("id-3", 20_000), ("id-1", 10_000)]


async def test_a_large_screen_shows_errors_and_alerts_of_all(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="web", start=True)
    await server.create(*FAILING, name="api", start=True)
    broken = await server.create("false", name="db")
    async with dashboard(server, LARGE) as shown:
        await shown.listed("web", "api", "db")
        await wait_for(lambda: "api ERROR db timeout" in shown.picture)
        assert "Errors of all (1)" in shown.picture
        assert "Nothing is wrong, nothing is new" in shown.picture
        await server.server.environments.start(broken.id)
        await wait_for(lambda: "✗ db exit code 1" in shown.picture)
        await wait_for(lambda: "db error: exit code 1" in shown.picture)
        assert "Alerts, events (1)" in shown.picture


async def test_an_error_leads_to_its_place_in_its_log(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="web", start=True)
    await server.create(*FAILING, name="api", start=True)
    async with dashboard(server, LARGE) as shown:
        await shown.listed("web", "api")
        errors = shown.screen.query_one("#errors", NoticesPane)
        await wait_for(lambda: "api ERROR db timeout" in shown.picture)
        assert shown.current == "web"
        await shown.press("tab", "tab", "tab")
        await wait_for(lambda: errors.has_focus_within)
        await shown.press("j", "enter")
        await wait_for(lambda: shown.current == "api")
        log = shown.workspace.main.pane
        await wait_for(lambda: log.has_focus_within and "PAUSED" in log.detail)


async def test_the_alerts_key_goes_to_the_alerts_that_are_shown(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="web", start=True)
    await server.create("false", name="db", start=True)
    async with dashboard(server, LARGE) as shown:
        await wait_for(lambda: shown.states == {"web": "running", "db": "error"})
        await shown.press("exclamation_mark")
        alerts = shown.screen.query_one("#side-alerts", NoticesPane)
        await wait_for(lambda: alerts.has_focus_within)
        await shown.press("j", "enter")
        await wait_for(lambda: shown.current == "db")
        await shown.press("exclamation_mark", "escape")
        await wait_for(lambda: shown.table.has_focus)


async def test_no_log_is_read_for_what_isnt_shown(server: RunningServer) -> None:
    await server.create(*FAILING, name="api", start=True)
    async with dashboard(server, MIDDLE) as shown:
        await shown.listed("api")
        pane = shown.screen.query_one(EnvironmentsPane)
        assert pane.sought is Sought.NOTHING
        assert not shown.screen.query_one("#errors").is_on_screen
        await shown.pilot.resize_terminal(*LARGE)
        await wait_for(
            lambda: pane.sought is Sought.ERRORS and "Errors of all (1)" in shown.picture
        )
        await shown.pilot.resize_terminal(200, 39)
        await wait_for(lambda: pane.sought is Sought.NOTHING)
        await wait_for(lambda: "Errors of all" not in shown.picture)


async def test_samples_and_lines_cost_the_notices_nothing(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticking = "echo ERROR once; while :; do echo INFO line; sleep 0.05; done"
    await server.create("sh", "-c", ticking, name="api", start=True)
    async with dashboard(server, LARGE) as shown:
        await shown.listed("api")
        await wait_for(lambda: "Errors of all (1)" in shown.picture)
        await wait_for(lambda: "%" in shown.table.render_line(1).text)
        await wait_for(lambda: "ok " in shown.status_line)
        counted = {"samples": 0, "errors": 0, "lists": 0}
        take = EnvironmentsPane.Changed.__init__

        def changed(self: Any, pane: Any, rows: Any, has_news: bool, has_lines: bool) -> None:
            counted["samples"] += not has_news
            counted["errors"] += has_lines
            take(self, pane, rows, has_news, has_lines)

        def listed(*_: Any) -> None:
            counted["lists"] += 1

        monkeypatch.setattr(EnvironmentsPane.Changed, "__init__", changed)
        monkeypatch.setattr(NoticeList, "set_options", listed)
        log = shown.workspace.main.pane
        before = log.document.ring.size  # type: ignore[attr-defined]
        await wait_for(lambda: counted["samples"] >= 2)
        assert log.document.ring.size > before  # type: ignore[attr-defined]
        assert (counted["errors"], counted["lists"]) == (0, 0)


async def test_details_follow_the_cursor_of_the_list(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="web")
    await server.create("true", name="job", environment_variables={"COLOUR": "green"})
    async with dashboard(server, LARGE) as shown:
        await shown.listed("web", "job")
        details = shown.screen.query_one("#side-details", InfoPane)
        await wait_for(lambda: "Info: web" in shown.picture)
        await shown.press("j")
        await wait_for(lambda: "COLOUR=green" in shown.picture)
        assert shown.current == "web"
        await shown.pilot.resize_terminal(*MIDDLE)
        await wait_for(lambda: details.environment is None)


async def test_a_click_on_an_error_leads_there_too(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="web", start=True)
    await server.create(*FAILING, name="api", start=True)
    async with dashboard(server, LARGE) as shown:
        await shown.listed("web", "api")
        await wait_for(lambda: "api ERROR db timeout" in shown.picture)
        await shown.pilot.click("#errors NoticeList", offset=(3, 0))
        await wait_for(lambda: shown.current == "api")


async def test_errors_stay_known_over_a_look_at_the_overview(
    server: RunningServer, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    lines = f"echo ERROR long ago; while ! [ -e {go} ]; do sleep 0.02; done; "
    lines += "n=0; while [ $n -lt 300 ]; do n=$((n+1)); echo INFO $n; done; sleep 600"
    await server.create("sh", "-c", lines, name="api", start=True)
    async with dashboard(server, LARGE) as shown:
        await shown.listed("api")
        await wait_for(lambda: "Errors of all (1)" in shown.picture)
        go.touch()
        await wait_for(lambda: "INFO 300" in shown.picture)
        await shown.press("0")
        await wait_for(lambda: "─ log ─" in shown.picture and "INFO 300" in shown.picture)
        assert "ERROR long ago" in shown.picture
        await shown.press("0")
        await wait_for(lambda: "Errors of all (1)" in shown.picture)


async def test_the_cursor_stays_on_its_notice_where_others_come_before_it(
    server: RunningServer,
) -> None:
    gone: list[str] = []

    def lead(name: str) -> Lead:
        return Lead(Notice(name, "failed", "$error"), lambda: gone.append(name))

    async with dashboard(server, LARGE) as shown:
        pane = shown.screen.query_one("#errors", NoticesPane)
        notices = pane.query_one(NoticeList)
        pane.show([lead("b"), lead("c")])
        notices.highlighted = 1
        pane.show([lead("a"), lead("b"), lead("c")])
        assert notices.highlighted == 2
        notices.action_select()
        await wait_for(lambda: gone == ["c"])


async def test_details_go_with_the_environment(server: RunningServer) -> None:
    environment = await server.create(*SLEEPING, name="web")
    async with dashboard(server, LARGE) as shown:
        await wait_for(lambda: environment.id[:8] in shown.picture)
        await server.server.backend.environments.delete(environment.id)
        await wait_for(lambda: environment.id[:8] not in shown.picture)
