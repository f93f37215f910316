from collections.abc import AsyncIterator

import pytest

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import LARGE, MIDDLE, SMALL, Dashboard, dashboard
from vibebox_tui.ui.panes.environments import EnvironmentsPane
from vibebox_tui.ui.screens.dialogs import ChoiceDialog
from vibebox_tui.ui.screens.help import HelpScreen
from vibebox_tui.ui.widgets.labelled_lines import LabelledLines

NAMES = ("api", "web", "db")


@pytest.fixture
async def three(server: RunningServer) -> RunningServer:
    """A server with three environments, none of them running."""
    for name in NAMES:
        await server.create("sleep", "600", name=name)
    return server


@pytest.fixture
async def middle(three: RunningServer) -> AsyncIterator[Dashboard]:
    """A dashboard of 120x40 on these three."""
    async with dashboard(three, MIDDLE) as shown:
        await shown.listed(*NAMES)
        yield shown


@pytest.mark.parametrize(
    ("keys", "current"),
    [
        (["2"], "web"),
        (["3", "1"], "api"),
        (["9"], "api"),
        (["3", "minus"], "api"),
        (["3", "minus", "minus"], "db"),
        (["right_parenthesis"], "web"),
        (["left_parenthesis"], "db"),
        (["right_parenthesis", "left_parenthesis"], "api"),
        (["j", "j", "enter"], "db"),
        (["j", "j", "t"], "db"),
    ],
)
async def test_ways_to_another_environment(
    middle: Dashboard, keys: list[str], current: str
) -> None:
    await middle.press(*keys)
    await wait_for(lambda: middle.current == current)


@pytest.mark.parametrize("key", ["apostrophe", "ctrl+p"])
async def test_the_switcher_finds_by_a_part_of_the_name(middle: Dashboard, key: str) -> None:
    await middle.press(key)
    await middle.press("w", "e")
    await wait_for(lambda: "web" in middle.picture and "running" not in middle.picture)
    await wait_for(lambda: middle.app.screen.query("CommandList").first().option_count == 1)
    await middle.press("enter")
    await wait_for(lambda: middle.current == "web")


@pytest.mark.parametrize(
    ("keys", "view"),
    [
        (["t"], "terminal"),
        (["i"], "info"),
        (["i", "l"], "logs"),
        (["tab", "right_square_bracket"], "terminal"),
        (["tab", "left_square_bracket"], "info"),
        (["right_square_bracket"] * 4, "logs"),
    ],
)
async def test_ways_to_another_view(middle: Dashboard, keys: list[str], view: str) -> None:
    await middle.press(*keys)
    await wait_for(lambda: middle.slots == [("api", view)])


async def test_tab_goes_round_the_panes(middle: Dashboard) -> None:
    pane = middle.workspace.main.pane
    await middle.press("tab")
    await wait_for(lambda: pane.has_focus_within)
    await middle.press("tab")
    await wait_for(lambda: middle.table.has_focus)
    await middle.press("shift+tab")
    await wait_for(lambda: pane.has_focus_within)
    await middle.press("escape")
    await wait_for(lambda: middle.table.has_focus)


async def test_plus_opens_the_selected_environment_beside_and_underscore_closes(
    middle: Dashboard,
) -> None:
    await middle.press("j", "plus")
    await wait_for(lambda: middle.slots == [("api", "logs"), ("web", "logs")])
    await wait_for(lambda: middle.workspace.active.subject.name == "web")  # type: ignore[union-attr]
    await middle.press("2", "3")
    await wait_for(lambda: middle.slots == [("db", "logs"), ("web", "logs")])
    await middle.press("underscore")
    await wait_for(lambda: middle.slots == [("db", "logs")])


async def test_plus_again_opens_the_terminal_beside_the_logs(middle: Dashboard) -> None:
    await middle.press("tab", "plus")
    await wait_for(lambda: middle.slots == [("api", "logs"), ("api", "terminal")])


async def test_a_view_that_is_open_beside_is_gone_to_and_not_opened_twice(
    middle: Dashboard,
) -> None:
    await middle.press("tab", "plus")
    await wait_for(lambda: middle.slots == [("api", "logs"), ("api", "terminal")])
    await middle.press("l")
    await wait_for(lambda: middle.workspace.active.view == "logs")
    await middle.press("t")
    await wait_for(lambda: middle.workspace.active.view == "terminal")
    assert middle.slots == [("api", "logs"), ("api", "terminal")]


async def test_plus_says_when_there_is_no_more_room(three: RunningServer) -> None:
    async with dashboard(three, (60, 16)) as small:
        await small.listed(*NAMES)
        await small.press("plus")
        await wait_for(lambda: "no room for another pane" in small.picture)
        assert len(small.slots) == 1


async def test_the_main_pane_cannot_be_closed(middle: Dashboard) -> None:
    await middle.press("tab", "underscore")
    assert middle.slots == [("api", "logs")]


async def test_zoom_gives_a_pane_the_screen_and_takes_it_back(middle: Dashboard) -> None:
    pane = middle.workspace.main.pane
    width = pane.size.width
    await middle.press("tab", "z")
    await wait_for(lambda: pane.size.width > width)
    await middle.press("escape")
    await wait_for(lambda: pane.size.width == width)


async def test_the_overview_shows_all_in_full_width(middle: Dashboard) -> None:
    pane = middle.screen.query_one(EnvironmentsPane)
    await middle.press("0")
    await wait_for(lambda: pane.size.width == MIDDLE[0] - 2)
    await middle.press("right", "enter")
    await wait_for(lambda: middle.current == "web" and pane.size.width < MIDDLE[0] / 2)


async def test_help_shows_the_keys_of_every_scope(middle: Dashboard) -> None:
    await middle.press("question_mark")
    await wait_for(lambda: isinstance(middle.app.screen, HelpScreen))
    await middle.pilot.pause()
    for text in ("Everywhere", "Environments", "Restart", "1-9", "Environment by its number"):
        assert text in middle.picture
    await middle.press("escape")
    await wait_for(lambda: middle.app.screen is middle.screen)


@pytest.mark.parametrize(
    ("keys", "scope"), [([], "Environments"), (["l"], "Logs"), (["t"], "Terminal")]
)
async def test_help_begins_with_the_keys_of_where_one_is(
    middle: Dashboard, keys: list[str], scope: str
) -> None:
    await middle.press(*keys)
    pane = middle.workspace.main.pane if keys else middle.screen.query_one(EnvironmentsPane)
    await wait_for(lambda: pane.has_focus_within)
    await middle.press("question_mark")
    await wait_for(lambda: isinstance(middle.app.screen, HelpScreen))
    first = middle.app.screen.query(LabelledLines).first()
    assert first.render().plain.startswith(f"{scope}\n")


async def test_f1_is_help_too(middle: Dashboard) -> None:
    await middle.press("f1")
    await wait_for(lambda: isinstance(middle.app.screen, HelpScreen))


async def test_the_palette_runs_an_action(middle: Dashboard) -> None:
    await middle.press("colon")
    await middle.press(*"overview")
    await wait_for(lambda: middle.app.screen.query("CommandList").first().option_count)
    await wait_for(lambda: "Everywhere: Overview" in middle.picture)
    await middle.press("enter")
    await wait_for(lambda: middle.screen.is_overview)


async def test_every_shown_action_is_in_the_palette(middle: Dashboard) -> None:
    described = {
        active.binding.description
        for active in middle.screen.active_bindings.values()
        if active.binding.id
    }
    await middle.press("colon")
    commands = middle.app.screen.query("CommandList").first()
    await wait_for(lambda: commands.option_count > len(described))
    offered = " ".join(str(option.prompt) for option in commands.options)
    assert {text for text in described if text not in offered} == set()


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+z", "ctrl+s"])
async def test_keys_that_do_nothing(middle: Dashboard, key: str) -> None:
    before = middle.picture
    await middle.press(key)
    assert middle.app.is_running
    assert middle.app.screen is middle.screen
    assert len(before) == len(middle.picture)


async def test_ctrl_c_says_how_to_leave(middle: Dashboard) -> None:
    await middle.press("ctrl+c")
    await wait_for(lambda: "q leaves the dashboard" in middle.picture)


async def test_q_asks_and_leaves(middle: Dashboard) -> None:
    await middle.press("q")
    await wait_for(lambda: isinstance(middle.app.screen, ChoiceDialog))
    await middle.press("escape")
    await wait_for(lambda: middle.app.screen is middle.screen)
    await middle.press("q", "enter")
    await wait_for(lambda: middle.app.return_value == "leave")


async def test_keys_can_be_given_to_others(three: RunningServer) -> None:
    keymap = {"app.overview": "f4", "list.start": "ctrl+t"}
    async with dashboard(three, keymap=keymap) as remapped:
        await remapped.listed(*NAMES)
        await remapped.press("0")
        assert not remapped.screen.is_overview
        await remapped.press("f4")
        await wait_for(lambda: remapped.screen.is_overview)
        await remapped.press("question_mark")
        await wait_for(lambda: "f4" in remapped.picture.lower())


async def test_the_layout_follows_the_size(three: RunningServer) -> None:
    async with dashboard(three, SMALL) as resized:
        await resized.listed(*NAMES)
        assert resized.slots == [("api", "logs")]
        assert not resized.table.is_on_screen
        await resized.pilot.resize_terminal(*MIDDLE)
        await wait_for(lambda: resized.table.is_on_screen)
        await resized.pilot.resize_terminal(*LARGE)
        await wait_for(lambda: resized.slots == [("api", "logs"), ("api", "terminal")])
        await resized.pilot.resize_terminal(39, 24)
        await wait_for(lambda: "at least 40 columns and 10 rows" in resized.words)
        await resized.pilot.resize_terminal(*SMALL)
        await wait_for(lambda: resized.slots == [("api", "logs")])
        await wait_for(lambda: resized.app.focused is not None)


async def test_every_binding_has_an_id_of_its_own(middle: Dashboard) -> None:
    ids: dict[str, str] = {}
    for node in (middle.app, middle.screen, *middle.screen.walk_children()):
        for binding in type(node).BINDINGS:
            identifier = getattr(binding, "id", None)
            if identifier:
                assert ids.setdefault(identifier, binding.action) == binding.action
    assert len(ids) > 40
