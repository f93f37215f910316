"""The session's screen: drawn in turns, and without what nobody would see."""

import asyncio
import random
from collections.abc import Callable

import pytest

from tests.support import wait_for
from vibebox_tui.emulator import Emulator
from vibebox_tui.emulator.snapshot import snapshot
from vibebox_tui.server.terminal_screen import SCROLLBACK_LINES, TerminalScreen

LINES = "".join(f"\x1b[3{number % 8}mline {number}\x1b[0m of a log\r\n" for number in range(40_000))
REDRAWS = "".join(
    "\x1b[H" + "".join(f"row {row} of {number}\r\n" for row in range(9)) for number in range(3000)
)


def never() -> None:
    pass


@pytest.mark.parametrize("text", [LINES, REDRAWS, LINES[:300_000] + REDRAWS + LINES[:50_000]])
async def test_shows_in_the_end_what_drawing_it_all_would_show(text: str) -> None:
    screen, drawn = (
        TerminalScreen(10, 40, never),
        Emulator(10, 40, scrollback_lines=SCROLLBACK_LINES),
    )
    chance = random.Random(1)
    place = 0
    while place < len(text):
        piece = text[place : place + chance.choice([10, 5_000, 65_536])]
        place += len(piece)
        screen.feed(piece, place)
        drawn.feed(piece)
        if chance.random() < 0.1:
            await asyncio.sleep(0)
    await wait_for(lambda: screen.pending == 0)
    saved = screen.snapshot()
    assert saved is not None
    assert saved.seq == len(text)
    assert saved.redraw == snapshot(drawn)


async def test_a_size_holds_from_its_place_in_a_flood_on() -> None:
    screen, drawn = (
        TerminalScreen(10, 40, never),
        Emulator(10, 40, scrollback_lines=SCROLLBACK_LINES),
    )
    both: list[tuple[Callable[[str], None], Callable[[int, int], None]]] = [
        (lambda text: screen.feed(text, 0), screen.resize),
        (drawn.feed, drawn.resize),
    ]
    for feed, resize in both:
        feed(LINES)
        resize(20, 12)
        feed(LINES[: len(LINES) // 2])
        resize(8, 60)
    assert screen.redraw() == snapshot(drawn).decode()


async def test_is_saved_only_as_it_was_at_a_position() -> None:
    positions = []

    def look() -> None:
        if (saved := screen.snapshot()) is not None:
            drawn = Emulator(10, 40, scrollback_lines=SCROLLBACK_LINES)
            drawn.feed(LINES[: saved.seq])
            assert saved.redraw == snapshot(drawn)
            positions.append(saved.seq)

    screen = TerminalScreen(10, 40, look)
    for place in range(65_536, len(LINES), 65_536):
        screen.feed(LINES[place - 65_536 : place], place)
        await asyncio.sleep(0.002)
    await wait_for(lambda: screen.pending == 0)
    assert positions
