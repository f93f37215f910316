"""Several logs in one pane, by time: each line with its environment's name, late ones in place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support import wait_for
from tests.ui.logs_support import Feed, LogApp, cursor_text, shows
from vibebox_tui.client.events import LogHole, LogLines, LogLiveNow
from vibebox_tui.logs.times import to_iso
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.panes.logs_sources import Scope
from vibebox_tui.ui.servers import Neighbour, Server, Subject

pytestmark = pytest.mark.usefixtures("state_home")

START = 1_759_999_000_000
NAMES = ("api-dev", "web", "db")


def entry(offset: int, text: str, seq: int) -> LogEntry:
    """A line so many milliseconds after the start."""
    return LogEntry("e", "stdout", text, to_iso(START + offset), seq)


def neighbours(feeds: dict[str, Feed], marked: tuple[str, ...] = ()) -> tuple[Neighbour, ...]:
    """An environment for each feed, each on a server of its own."""
    return tuple(
        Neighbour(
            Subject(Server(name, feed), Environment(id=f"env-{name}", name=name)),  # type: ignore[arg-type]
            name in marked,
        )
        for name, feed in feeds.items()
    )


@asynccontextmanager
async def merged(
    *marked: str, older: dict[str, list[LogEntry]] | None = None
) -> AsyncIterator[tuple[LogApp, Pilot[None], dict[str, Feed]]]:
    """The pane of one of three environments, some marked; not merged yet."""
    feeds = {name: Feed((older or {}).get(name)) for name in NAMES}
    app = LogApp(feeds["api-dev"], Environment(id="env-api-dev", name="api-dev"))
    async with app.run_test(size=(80, 20)) as pilot:
        app.pane.neighbours = neighbours(feeds, marked)
        await wait_for(lambda: feeds["api-dev"].subscription)
        yield app, pilot, feeds


async def begin(feeds: dict[str, Feed], **histories: list[LogEntry]) -> None:
    """Wait for the pane to follow these logs, and hand it their history."""
    for name, history in histories.items():
        feed = feeds[name.replace("_", "-")]
        await wait_for(lambda feed=feed: feed.subscription)
        if history:
            feed.put(LogLines(history, history=True))
        feed.put(LogLiveNow())


def rows(app: LogApp) -> list[str]:
    """The rows on the screen without the time."""
    return [row[13:] for row in app.screen_rows if row]


async def all_of_them(app: LogApp, pilot: Pilot[None], feeds: dict[str, Feed], **histories: Any):
    feeds["api-dev"].subscription = None
    await pilot.press("a")
    await begin(feeds, **histories)


async def test_the_key_goes_from_this_to_marked_to_all():
    async with merged("web", "db") as (app, pilot, _):
        scopes = []
        for _ in range(4):
            scopes.append((app.pane.scope, str(app.pane.title_text())))
            await pilot.press("a")
        assert scopes == [
            (Scope.THIS, "Logs: api-dev"),
            (Scope.MARKED, "Logs: marked (2)"),
            (Scope.ALL, "Logs: all (3)"),
            (Scope.THIS, "Logs: api-dev"),
        ]


async def test_nothing_to_merge_with_is_said():
    async with merged() as (app, pilot, feeds):
        app.pane.neighbours = neighbours({"api-dev": feeds["api-dev"]})
        await pilot.press("a")
        assert app.pane.scope is Scope.THIS
        await wait_for(lambda: "There is no other environment to merge with." in app.said)


async def test_lines_stand_by_time_each_with_its_name_in_a_colour():
    async with merged() as (app, pilot, feeds):
        await all_of_them(
            app, pilot, feeds,
            api_dev=[entry(0, "INFO one", 1), entry(200, "INFO three", 2)],
            web=[entry(100, "INFO two", 1)],
            db=[],
        )  # fmt: skip
        await shows(app, "three")
        assert rows(app) == ["api-dev I INFO one", "web     I INFO two", "api-dev I INFO three"]
        colours = {
            segment.text.strip(): segment.style.color
            for y in range(3)
            for segment in app.pane.log_view.render_line(y)
            if segment.style and segment.text.strip() in NAMES
        }
        assert len(set(colours.values())) == 2


async def test_a_late_line_goes_where_it_belongs_and_nothing_moves_while_paused():
    async with merged() as (app, pilot, feeds):
        history = [entry(n * 10, f"INFO {n}", n) for n in range(1, 101)]
        await all_of_them(app, pilot, feeds, api_dev=history, web=[], db=[])
        await shows(app, "INFO 100")
        await pilot.press("k", "k")
        before, cursor = app.screen_rows, cursor_text(app)
        feeds["web"].put([entry(15, "WARN late", 1)])
        await wait_for(lambda: "+1 new" in app.pane.detail)
        assert (app.screen_rows, cursor_text(app)) == (before, cursor)
        await pilot.press("g")
        await shows(app, "late")
        await wait_for(lambda: [row.split()[-1] for row in rows(app)[1:4]] == ["1", "late", "2"])


async def test_late_lines_never_push_those_of_a_paused_screen():
    async with merged() as (app, pilot, feeds):
        history = [entry(n * 10, f"INFO {n}", n) for n in range(1, 101)]
        await all_of_them(app, pilot, feeds, api_dev=history, web=[], db=[])
        await shows(app, "INFO 100")
        await pilot.press("k")
        before = app.screen_rows
        late = [entry(955, "ERROR late", 1), entry(956, "  at frame", 2)]
        feeds["web"].put(late)
        feeds["db"].put([entry(965, "INFO later", 1)])
        await wait_for(lambda: "+3 new" in app.pane.detail)
        feeds["web"].put([entry(957, "  at another", 3)])
        await wait_for(lambda: "+4 new" in app.pane.detail)
        assert app.screen_rows == before
        await pilot.press("G")
        await shows(app, "late")
        assert [row.split("I ")[-1].split("E ")[-1].strip() for row in rows(app)[-10:]] == [
            "INFO 94", "INFO 95", "ERROR late", "at frame", "at another", "INFO 96", "INFO later",
            "INFO 97", "INFO 98", "INFO 99", "INFO 100",
        ][-10:]  # fmt: skip
        assert not app.pane.document.parked


async def test_older_lines_of_all_come_without_a_seam():
    older = {
        "api-dev": [entry(n * 10, f"INFO api {n}", n) for n in range(1, 2501)],
        "web": [entry(n * 1000, f"INFO web {n}", n) for n in range(1, 26)],
    }
    async with merged(older=older) as (app, pilot, feeds):
        await all_of_them(
            app, pilot, feeds, api_dev=older["api-dev"][-500:], web=older["web"], db=[]
        )
        await shows(app, "api 2500")
        for _ in range(6):
            await pilot.press("g")
            await pilot.pause(0.05)
        await shows(app, "the log begins here")
        lines = [line for line in app.pane.document.ring.lines() if not line.is_note]
        assert [line.time for line in lines] == sorted(line.time for line in lines)
        assert [line.seq for line in lines if line.source == 0] == list(range(1, 2501))
        assert [line.seq for line in lines if line.source == 1] == list(range(1, 26))


async def test_a_history_that_comes_late_moves_nothing_while_it_is_paused():
    async with merged() as (app, pilot, feeds):
        mine = [entry(n * 10, f"INFO api {n}", n) for n in range(1, 101)]
        await all_of_them(app, pilot, feeds, api_dev=mine)
        await shows(app, "api 100")
        await pilot.press("k")
        before = app.screen_rows
        late = [entry(n * 10 + 5, f"INFO web {n}", n) for n in range(1, 121)]
        await begin(feeds, web=late)
        await wait_for(lambda: "+120 new" in app.pane.detail)
        assert app.screen_rows == before
        assert app.pane.document.parked
        await pilot.press("G")
        await shows(app, "web 120")
        await wait_for(lambda: not app.pane.document.parked)
        lines = [line for line in app.pane.document.ring.lines() if not line.is_note]
        assert [line.time for line in lines] == sorted(line.time for line in lines)
        assert len(lines) == 220


async def test_a_page_further_on_every_line_is_in_its_place():
    async with merged() as (app, pilot, feeds):
        mine = [entry(n * 10, f"INFO api {n}", n) for n in range(1, 101)]
        await all_of_them(app, pilot, feeds, api_dev=mine)
        await shows(app, "api 100")
        await pilot.press("g")
        before = app.screen_rows
        late = [entry(n * 10 + 5, f"INFO web {n}", n) for n in range(1, 101)]
        await begin(feeds, web=late)
        await wait_for(lambda: "+100 new" in app.pane.detail)
        assert app.screen_rows == before
        await pilot.press("space")
        shown = [row.split("INFO ")[-1] for row in rows(app)]
        assert shown[:3] == ["api 20", "web 20", "api 21"]
        await pilot.press("k")
        assert rows(app)[0].endswith("web 19")


async def test_a_history_that_comes_late_moves_nothing_on_a_screen_that_is_not_full():
    async with merged() as (app, pilot, feeds):
        await all_of_them(
            app, pilot, feeds, api_dev=[entry(1000 + n, f"INFO api {n}", n) for n in range(1, 4)]
        )
        await shows(app, "api 3")
        await pilot.press("f")
        before = app.screen_rows
        await begin(feeds, web=[entry(n, f"INFO web {n}", n) for n in range(1, 101)])
        await wait_for(lambda: "103 kept" in app.pane.detail)
        assert app.screen_rows == before
        await pilot.press("g")
        await shows(app, "web 1")


async def test_so_much_between_the_lines_that_one_reads_is_had_again_later(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("vibebox_tui.ui.panes.logs_reader.PARKED_LINES", 50)
    async with merged() as (app, pilot, feeds):
        mine = [entry(n * 10, f"INFO api {n}", n) for n in range(1, 101)]
        await all_of_them(app, pilot, feeds, api_dev=mine, web=[], db=[])
        await shows(app, "api 100")
        await pilot.press("k")
        before = app.screen_rows
        feeds["web"].put([entry(955, f"INFO web {n}", n) for n in range(1, 61)])
        await wait_for(lambda: "+60 new and more" in app.pane.detail)
        assert app.screen_rows == before
        followed = feeds["web"].subscription
        await pilot.press("G")
        await wait_for(lambda: feeds["web"].subscription is not followed)
        await begin(feeds, web=[entry(2000, "INFO web 61", 61)])
        await shows(app, "web 61")


async def test_environments_come_and_go():
    async with merged("web", "db") as (app, pilot, feeds):
        feeds["api-dev"].subscription = None
        await pilot.press("a")
        await begin(feeds, web=[entry(0, "INFO w", 1)], db=[entry(1, "INFO d", 1)])
        await shows(app, "INFO d")
        app.pane.neighbours = neighbours(feeds, ("web", "api-dev"))
        await begin(feeds, api_dev=[entry(2, "INFO a", 1)])
        await shows(app, "INFO a")
        assert [row.split()[0] for row in rows(app)] == ["web", "db", "api-dev"]
        assert feeds["db"].subscription is not None
        await wait_for(lambda: feeds["db"].subscription.is_closed)  # type: ignore[union-attr]


async def test_a_longer_name_moves_no_text_while_paused():
    async with merged() as (app, pilot, feeds):
        await all_of_them(
            app, pilot, feeds, api_dev=[entry(1, "one", 1)], web=[entry(2, "two", 1)], db=[]
        )
        await shows(app, "two")
        await pilot.press("f")
        before = rows(app)
        feeds["a-longer-name"] = late = Feed()
        app.pane.neighbours = neighbours(feeds)
        await begin(feeds, a_longer_name=[])
        late.put([entry(3, "three", 1)])
        await wait_for(lambda: app.pane.document.ring.kept == 3)
        assert rows(app)[: len(before)] == before
        await pilot.press("G")
        await shows(app, "a-longer-na")
        assert [row.index(row.split()[-1]) for row in rows(app)] == [16] * 3, rows(app)


async def test_a_hole_says_in_whose_log_it_is():
    async with merged() as (app, pilot, feeds):
        await all_of_them(app, pilot, feeds, api_dev=[entry(0, "INFO a", 1)], web=[], db=[])
        feeds["web"].put(LogHole(3, 9, "deleted by retention"))
        await shows(app, "web: lines 3 to 9 are gone: deleted by retention")


async def test_what_is_saved_and_copied_names_the_environments(tmp_path: Path):
    async with merged() as (app, pilot, feeds):
        await all_of_them(
            app, pilot, feeds,
            api_dev=[entry(0, "INFO one", 1)], web=[entry(1, "INFO two", 1)], db=[],
        )  # fmt: skip
        await shows(app, "two")
        await pilot.press("greater_than_sign")
        app.pane.prompt._input.value = str(tmp_path / "all.log")
        await pilot.press("enter")
        await wait_for((tmp_path / "all.log").exists)
        assert (tmp_path / "all.log").read_text() == "api-dev INFO one\nweb     INFO two\n"
        await pilot.press("g", "m", "j", "m", "y")
        assert app.clipboard == "api-dev INFO one\nweb     INFO two"


async def test_marks_outlast_the_change_from_one_log_to_several_and_back():
    mine = [entry(n * 10, f"INFO api {n}", n) for n in range(1, 11)]
    theirs = [entry(n * 10 + 5, f"INFO web {n}", n) for n in range(1, 11)]
    async with merged() as (app, pilot, feeds):
        feeds["api-dev"].put(mine)
        feeds["api-dev"].put(LogLiveNow())
        await shows(app, "api 10")
        await pilot.press("g", "j", "m")
        await all_of_them(app, pilot, feeds, web=theirs, db=[], api_dev=mine)
        await shows(app, "web 10")
        await pilot.press("U")
        assert cursor_text(app) == "INFO api 2"
        await pilot.press("j", "m", "y")
        assert app.clipboard == "api-dev INFO api 2\nweb     INFO web 2"
        feeds["api-dev"].subscription = None
        await pilot.press("a")
        await wait_for(lambda: feeds["api-dev"].subscription)
        feeds["api-dev"].put(mine)
        await shows(app, "api 10")
        await pilot.press("y", "U", "m")
        assert app.clipboard == "INFO api 2"
        await all_of_them(app, pilot, feeds, api_dev=mine, web=theirs, db=[])
        await shows(app, "web 10")
        await pilot.press("y")
        assert app.clipboard == "INFO web 2"


async def test_a_mark_that_is_not_in_the_tail_is_there_in_the_merged_log_too():
    mine = [entry(n * 10, f"INFO api {n}", n) for n in range(1, 9001)]
    async with merged(older={"api-dev": mine}) as (app, pilot, feeds):
        feeds["api-dev"].put(mine[-1000:])
        feeds["api-dev"].put(LogLiveNow())
        await shows(app, "api 9000")
        await pilot.press("g")
        await shows(app, "the log begins here")
        await pilot.press("m")
        await all_of_them(app, pilot, feeds, api_dev=mine[-1000:], web=[], db=[])
        await shows(app, "api 9000")
        await pilot.press("U")
        await wait_for(lambda: cursor_text(app) == "INFO api 1")
        line = app.pane.log_view.cursor_line
        assert line is not None
        assert line.is_marked
