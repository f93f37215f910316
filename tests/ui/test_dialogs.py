from collections.abc import Callable
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from tests.ui.stage import Stage
from vibebox_tui.protocol.models import CreateEnvironmentRequest
from vibebox_tui.ui.screens.dialogs import NewEnvironmentDialog, confirmation, leaving

STOP = "Its processes get SIGTERM, then SIGKILL."


async def answer_of(dialog: Screen[Any], *keys: str) -> Any:
    """What a dialog gives after these keys; "open" while it is still there."""
    answers: list[Any] = []
    app = Stage(list)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(dialog, answers.append)
        await pilot.press(*keys)
        await pilot.pause()
        return answers[0] if answers else "open"


def asking() -> Screen[Any]:
    return confirmation("Stop", ["api-dev"], STOP)


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], "no"),
        (["escape"], None),
        (["tab", "enter"], "yes"),
        (["right", "enter"], "yes"),
        (["tab", "tab", "enter"], "no"),
        (["right", "left", "enter"], "no"),
        (["shift+tab", "enter"], "yes"),
        (["q"], "open"),
    ],
)
async def test_the_harmless_choice_is_marked(keys: list[str], answer: str | None) -> None:
    assert await answer_of(asking(), *keys) == answer


async def test_a_confirmation_names_its_target() -> None:
    app = Stage(list)
    async with app.run_test() as pilot:
        await app.push_screen(confirmation("Stop", ["api-dev", "web"], STOP))
        await pilot.pause()
        text = str(app.screen.query_one(".dialog-question", Static).content)
        assert text.startswith("Stop 2 environments?\napi-dev, web\n")
        assert [str(button.label) for button in app.screen.query(Button)] == [
            "Cancel",
            "Stop 2 environments",
        ]


async def test_leaving_asks_whether_to_stop_what_is_ours() -> None:
    assert await answer_of(leaving(["api", "web"], owns_server=True), "enter") == "leave"
    assert (
        await answer_of(leaving(["api", "web"], owns_server=True), "tab", "tab", "enter") == "stop"
    )
    assert await answer_of(leaving(["api", "web"], owns_server=True), "escape") is None


async def test_leaving_stops_nothing_on_a_server_of_others() -> None:
    assert (
        await answer_of(leaving(["api", "web"], owns_server=False), "tab", "tab", "enter")
        == "leave"
    )


async def test_leaving_a_demo_stays_unless_told_and_names_what_ends() -> None:
    demo = leaving(["shop-api", "waves"], owns_server=True, is_throw_away=True)
    assert await answer_of(demo, "enter") == "stay"
    again = leaving(["shop-api", "waves"], owns_server=True, is_throw_away=True)
    assert await answer_of(again, "tab", "enter") == "leave"
    shown = leaving(["shop-api", "waves"], owns_server=True, is_throw_away=True)
    assert "shop-api, waves are running. They end with the demo" in await question_of(shown)


async def test_a_question_names_a_few_of_many() -> None:
    names = [f"env-{number}" for number in range(30)]
    assert "env-5 and 24 more are running" in await question_of(leaving(names, owns_server=True))


async def question_of(dialog: Screen[Any]) -> str:
    """What a dialog asks."""
    app = Stage(list)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(dialog)
        await pilot.pause()
        return str(app.screen.query_one(".dialog-question", Static).content)


async def typed(
    name: str, command: str, directory: str = "", image: str = "", server: str = ""
) -> tuple[Any, str]:
    """What the form gives for these fields, and what it complains about."""
    answers: list[Any] = []
    app = Stage(list)
    servers = ["prod", "lab"] if server else ["prod"]
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(NewEnvironmentDialog("prod", servers), answers.append)
        texts = {"name": name, "command": command, "directory": directory, "image": image}
        if server:
            texts["server"] = server
        for field, value in texts.items():
            app.screen.query_one(f"#new-{field}", Input).value = value
        await pilot.press("enter")
        await pilot.pause()
        if answers:
            return answers[0], ""
        return None, str(app.screen.query_one("#new-problem", Static).content)


async def test_a_new_environment_is_what_was_typed() -> None:
    wanted, _ = await typed("api", "sh -c 'echo $PORT'", "/srv")
    assert wanted.server == "prod"
    assert wanted.request == CreateEnvironmentRequest(
        name="api", command=["sh", "-c", "echo $PORT"], working_directory="/srv"
    )


async def test_of_several_servers_one_is_chosen_by_its_name() -> None:
    wanted, _ = await typed("api", "true", server="lab")
    assert wanted.server == "lab"
    assert await typed("api", "true", server="lap") == (None, "There are the servers prod, lab.")


async def test_with_an_image_it_is_a_container_whose_own_command_may_do() -> None:
    wanted, _ = await typed("api", "", image="node:20")
    assert wanted.request == CreateEnvironmentRequest(
        name="api", runtime="docker", base_image="node:20"
    )


@pytest.mark.parametrize(
    ("name", "command", "problem"),
    [
        ("", "true", "An environment needs a name."),
        ("x" * 101, "true", "A name has at most 100 characters."),
        ("api", "", "An environment needs a command to run."),
        ("api", "sh -c 'oops", "The command has a quote that is never closed."),
    ],
)
async def test_what_cannot_be_meant_is_said(name: str, command: str, problem: str) -> None:
    assert await typed(name, command) == (None, problem)


@pytest.mark.parametrize(
    "dialog",
    [asking, lambda: leaving(["api", "web", "db"], owns_server=True), NewEnvironmentDialog],
)
def test_picture(dialog: Callable[[], Screen[Any]], snap_compare: Callable[..., Any]) -> None:
    async def open_it(pilot: Any) -> None:
        await pilot.app.push_screen(dialog())
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()

    assert snap_compare(Stage(list), terminal_size=(80, 20), run_before=open_it)
