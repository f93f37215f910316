"""A dashboard with a terminal in it, and what its tests look at and do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.keys import _character_to_key

from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import MIDDLE, SLEEPING, Dashboard, dashboard
from vibebox_tui.ui.panes.terminal import TerminalPane
from vibebox_tui.ui.panes.terminals_box import TerminalBox

ESCAPE = "ctrl+right_square_bracket"


@asynccontextmanager
async def terminal(
    server: RunningServer,
    size: tuple[int, int] = MIDDLE,
    *,
    is_new: bool = True,
    **settings: Any,
) -> AsyncIterator[Dashboard]:
    """A dashboard with the focus on the terminal of a running environment, `one`."""
    if is_new:
        await server.create(*SLEEPING, name="one", start=True)
    async with dashboard(server, size, **settings) as shown:
        await shown.listed("one")
        await shown.press("t")
        await wait_for(lambda: shown.app.screen.query(TerminalBox) and box_of(shown).view.has_focus)
        yield shown


@asynccontextmanager
async def shell(server: RunningServer, **settings: Any) -> AsyncIterator[Dashboard]:
    """The same, with a shell that has shown its prompt and is being typed into."""
    async with terminal(server, **settings) as shown:
        await shown.press("enter")
        await until(shown, "ready$")
        yield shown


def pane_of(shown: Dashboard) -> TerminalPane:
    return next(pane for pane in shown.screen.query(TerminalPane) if pane.is_on_screen)


def box_of(shown: Dashboard) -> TerminalBox:
    return pane_of(shown).query_one(TerminalBox)


def border(shown: Dashboard) -> str:
    return pane_of(shown).detail


def names(shown: Dashboard) -> list[str]:
    terminals = pane_of(shown)._terminals
    return [attachment.name for attachment in terminals.attachments] if terminals else []


def text_of(shown: Dashboard) -> str:
    """The whole text of the terminal, scrollback and all."""
    text = box_of(shown).view.text
    assert text is not None
    return "\n".join("".join(text.cells(line)) for line in range(text.first, text.last + 1))


def paste(shown: Dashboard, text: str) -> None:
    shown.app.post_message(events.Paste(text))


async def type_text(shown: Dashboard, text: str, *keys: str) -> None:
    """Type a text as fast as one can, and then keys as `press` does, which waits after each."""
    for character in text:
        key = character if character.isalnum() else _character_to_key(character)
        event = events.Key(key, character)
        event.set_sender(shown.app)
        shown.app.post_message(event)
    await shown.pilot.press(*keys)


async def until(shown: Dashboard, text: str) -> None:
    """Wait until the screen has `text`; a newline in it is the left edge of the terminal."""
    sought = text.replace("\n", "│")
    try:
        await wait_for(lambda: sought in shown.picture, what=f"{text!r} on the screen")
    except AssertionError as error:
        raise AssertionError(f"{error}, which shows\n{shown.picture}") from None
