from msgspec.structs import replace

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import LARGE, SLEEPING, dashboard
from vibebox_tui.protocol.messages import LogEntry
from vibebox_tui.ui.error_watch import LINES_KEPT, LONGEST_MESSAGE, TIMES_KEPT, Errors


def entry(message: str, second: int) -> LogEntry:
    time = f"1970-01-01T00:{second // 60:02}:{second % 60:02}.000Z"
    return LogEntry("id-api", "stdout", message, time)


def test_counts_the_errors_of_the_last_minute() -> None:
    errors = Errors()
    assert errors.take([entry("ERROR early", 10), entry("ERROR late", 100)], now=110)
    assert not errors.take([entry("INFO fine", 105)], now=110)
    assert errors.per_minute(110.0) == 1
    assert errors.per_minute(60.0) == 2
    assert (errors.last, errors.last_at) == ("ERROR late", 100.0)


def test_a_flood_of_long_errors_takes_bounded_room() -> None:
    errors = Errors()
    errors.take([entry("ERROR " + "x" * 5000, 1)] * 5000, now=2)
    assert errors.per_minute(2.0) == TIMES_KEPT
    assert len(errors.last) == LONGEST_MESSAGE


def test_what_would_colour_the_screen_is_taken_out() -> None:
    errors = Errors()
    errors.take([entry("\x1b[31mERROR\x1b[0m oops", 1)], now=2)
    assert errors.last == "ERROR oops"


def test_a_trace_isnt_another_error() -> None:
    errors = Errors()
    lines = ("ERROR it failed", "Traceback (most recent call last):", "  at", "KeyError: 'a'")
    errors.take([entry(line, 1) for line in lines], now=2)
    assert [line.text for line in errors.recent] == ["ERROR it failed"]
    assert errors.per_minute(2.0) == 1


def test_a_trace_goes_on_though_another_stream_comes_between() -> None:
    errors = Errors()
    for line in ("Traceback (most recent call last):", "  at", "KeyError: 'a'"):
        errors.take([replace(entry(line, 1), stream="stderr"), entry("INFO meanwhile", 1)], now=2)
    assert errors.per_minute(2.0) == 1


def test_the_last_lines_are_kept_where_they_are_wanted() -> None:
    errors = Errors()
    lines = [entry(f"INFO line {number}\x07", 1) for number in range(100)]
    assert not errors.take(lines, now=2)
    assert errors.take(lines, now=2, with_tail=True)
    assert [line.text for line in errors.tail][-1] == "INFO line 99␇"
    assert len(errors.tail) == LINES_KEPT
    assert not errors.take([], now=3, with_tail=True)


async def test_high_tiles_show_what_the_logs_say(server: RunningServer) -> None:
    await server.create("sh", "-c", "echo INFO hello; sleep 600", name="api", start=True)
    async with dashboard(server, LARGE) as shown:
        await shown.listed("api")
        await shown.press("0")
        await wait_for(lambda: "─ log ─" in shown.picture and "INFO hello" in shown.picture)


async def test_the_overview_tells_the_last_error_of_each_environment(
    server: RunningServer,
) -> None:
    await server.create("sh", "-c", "echo ERROR db timeout; sleep 600", name="api", start=True)
    await server.create(*SLEEPING, name="web", start=True)
    async with dashboard(server, LARGE) as shown:
        await shown.listed("api", "web")
        await shown.press("0")
        await wait_for(lambda: "1/min" in shown.picture and "ERROR db timeout" in shown.picture)
        await shown.pilot.resize_terminal(110, 30)
        await wait_for(lambda: "ERR/MIN" in shown.picture)
        await shown.press("0")
        await wait_for(lambda: all(row.errors is None for row in shown.screen.rows))
        await shown.pilot.resize_terminal(*LARGE)
        await wait_for(lambda: "api ERROR db timeout" in shown.picture)
