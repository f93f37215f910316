from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from tests.support import wait_for
from tests.ui.stage import Stage
from vibebox_tui.ui.widgets.hints import HintLine


class Focusable(Static, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "app.bell", "Follow", id="logs.follow"),
        Binding("slash", "app.bell", "Search", id="logs.search"),
        Binding("x", "app.bell", "Hidden", show=False, id="logs.hidden"),
        Binding("y", "forbidden", "Forbidden", id="logs.forbidden"),
        Binding("question_mark", "app.bell", "Help", id="app.help"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "forbidden"


async def hints(width: int) -> str:
    async with Stage(lambda: [Focusable("x"), HintLine()]).run_test(size=(width, 4)) as pilot:
        line = pilot.app.query_one(HintLine)
        pilot.app.query_one(Focusable).focus()
        await wait_for(lambda: "help" in line.render().plain)
        return line.render().plain


async def test_shows_the_keys_that_work_here() -> None:
    text = await hints(80)
    assert text.startswith("f follow  / search  ")
    assert "hidden" not in text
    assert "forbidden" not in text


async def test_help_stands_at_the_end_and_is_never_left_out() -> None:
    assert (await hints(80)).rstrip().endswith("? help")
    assert (await hints(24)).split() == ["f", "follow", "?", "help"]


class Greedy(Focusable):
    """Has all keys to itself."""

    def key_hints(self) -> list[tuple[str, str]]:
        return [("^] d", "leave"), ("^] ?", "all of these")]


async def test_who_has_all_keys_says_what_they_do() -> None:
    async with Stage(lambda: [Greedy("x"), HintLine()]).run_test(size=(60, 4)) as pilot:
        line = pilot.app.query_one(HintLine)
        pilot.app.query_one(Greedy).focus()
        await wait_for(lambda: "leave" in line.render().plain)
        assert line.render().plain.split("  ")[:2] == ["^] d leave", "^] ? all of these"]
        assert "help" not in line.render().plain
