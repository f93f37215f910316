"""What a session keeps over a server that was killed: its screen, its size, what was typed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.server.inside import Inside
from tests.support import wait_for
from vibebox_tui.protocol.models import Session

OWNER = """
import asyncio, json, sys
from pathlib import Path
from tests.server.inside import Inside
from tests.support import wait_for

async def main():
    inside = Inside(Path(sys.argv[1]))
    await inside.open()
    environment = await inside.create("true")
    session = await inside.session(environment, rows=10, cols=40)
    sessions, screen = inside.sessions, inside.audience.screen
{script}
    life = sessions._lives[session.id]
    print(json.dumps([screen(session.id), life.position]), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
"""A server that does something with a session and then waits to be killed."""

SAVED = """
    async def saved():
        screen = await inside.store.screen(session.id)
        return screen is not None and b"{text}" in screen.redraw
    await wait_for(saved)
"""


class Killed:
    """A data directory whose server was killed, and what its session's screen was."""

    def __init__(self, directory: Path, script: str) -> None:
        self.directory = directory
        code = OWNER.replace("{script}", script)
        with subprocess.Popen(
            [sys.executable, "-c", code, str(directory)], stdout=subprocess.PIPE, text=True
        ) as owner:
            assert owner.stdout is not None
            said = owner.stdout.readline()
            owner.kill()
        screen: tuple[list[str], int] = json.loads(said)
        self.screen, self.position = screen


async def come_up(killed: Killed) -> tuple[Inside, Session]:
    """A server after the killed one, once it has all that its session had written."""
    inside = Inside(killed.directory)
    await inside.open()
    (session,) = inside.sessions.list()
    await wait_for(lambda: inside.sessions._lives[session.id].position >= killed.position)
    return inside, session


def drawn(inside: Inside, session: Session) -> list[str]:
    return inside.audience.screen(session.id)


@pytest.mark.parametrize("is_saved", [True, False], ids=["saved", "kept by the keeper"])
async def test_the_screen_and_its_scrollback_are_redrawn(
    short_path: Path, *, is_saved: bool
) -> None:
    script = """
    await sessions.write(session.id, "PS1='now> '; seq 1 300; printf 'a\\\\033[31mred'\\n")
    await inside.shows("300\\r\\na\\033[31mrednow> ")
    """
    if is_saved:
        script += SAVED.replace("{text}", "red")
        script += """
    await sessions.write(session.id, "echo more\\n")
    await inside.shows("\\nmore\\r\\nnow> ")
    """
    killed = Killed(short_path / "data", script)
    inside, session = await come_up(killed)
    assert drawn(inside, session) == killed.screen
    snapshot = inside.audience.snapshot_terminal(session.id)
    assert snapshot is not None
    assert snapshot.seq == killed.position, "positions go on"
    assert b"299" in snapshot.redraw, "also what has scrolled away"
    if is_saved:
        assert "299" not in inside.audience.text, "only what wasn't saved is replayed"
    await inside.sessions.write(session.id, "echo $((20+3))\n")
    await inside.shows("23\r\n")
    await inside.close()


async def test_an_orderly_stop_saves_what_was_drawn_last(short_path: Path) -> None:
    before = Inside(short_path / "data")
    await before.open()
    session = await before.session(await before.create("true"))
    await before.sessions.write(session.id, "PS1=; echo last wo''rds\n")
    await before.shows("last words\r\n")
    await before.sessions.resize(session.id, 7, 50)
    screen = drawn(before, session)
    await before.close(leave_running=True)

    after = Inside(short_path / "data")
    await after.open()
    assert drawn(after, session) == screen
    assert after.sessions.size(session.id) == (7, 50)
    assert after.audience.text == "", "there is nothing to replay"
    await after.close()


async def test_sizes_change_where_they_did(short_path: Path) -> None:
    """What was written 40 columns wide wraps there, whatever the size is now."""
    killed = Killed(
        short_path / "data",
        """
    await sessions.write(session.id, "PS1=; printf '\\\\033[2J\\\\033[H%060d\\n' 5\\n")
    await inside.shows("05\\r\\n")
    await sessions.resize(session.id, 12, 30)
    await sessions.write(session.id, "stty size; printf '%035d\\n' 7\\n")
    await inside.shows("07\\r\\n")
    """,
    )
    inside, session = await come_up(killed)
    await wait_for(lambda: inside.sessions.size(session.id) == (12, 30))
    assert drawn(inside, session) == killed.screen
    await inside.sessions.write(session.id, "stty size\n")
    await wait_for(lambda: inside.audience.text.count("12 30\r\n") == 2)
    await inside.close()


async def test_what_was_asked_is_not_answered_again(short_path: Path) -> None:
    killed = Killed(
        short_path / "data",
        """
    ask = "stty -icanon -echo; printf '\\\\033[5n'; head -c 4 | od -c; echo asked; exec cat -v\\n"
    await sessions.write(session.id, ask)
    await inside.shows("asked\\r\\n")
    """,
    )
    inside, session = await come_up(killed)
    assert "\x1b[5n" in inside.audience.text, "the question is replayed"
    await inside.sessions.write(session.id, "typed\n")
    await inside.shows("typed\r\n")
    assert "^[[0n" not in inside.audience.text
    await inside.close()


async def test_numbered_input_is_typed_once(short_path: Path) -> None:
    killed = Killed(
        short_path / "data",
        """
    for number in range(1, 4):
        await sessions.write(session.id, f"echo typed $((100+{number}))\\n", client_id="me",
                             input_seq=number)
    """,
    )
    inside, session = await come_up(killed)

    async def write(number: int) -> bool:
        text = f"echo typed $((100+{number}))\n"
        return await inside.sessions.write(session.id, text, client_id="me", input_seq=number)

    assert [await write(number) for number in range(1, 6)] == [False, False, False, True, True]
    await inside.shows("typed 105\r\n")
    shown = [row.removeprefix("# ") for row in rows(inside, session) if "typed 1" in row]
    assert shown == [f"typed {100 + number}" for number in range(1, 6)], rows(inside, session)
    await inside.close()


@pytest.mark.parametrize(
    "flood",
    ["seq 1 300000", "printf '\\\\033]0;'; yes | head -c 1500000; printf '\\\\007'"],
    ids=["lines", "a sequence without an end"],
)
async def test_a_flood_goes_on(short_path: Path, flood: str) -> None:
    killed = Killed(
        short_path / "data",
        f"""
    await sessions.write(session.id, "PS1=; {flood}; echo do''ne\\n")
    await wait_for(lambda: life_position(sessions, session) > 400_000)
    """.replace("life_position(sessions, session)", "sessions._lives[session.id].position"),
    )
    inside, session = await come_up(killed)
    ends = ("done", "# done")  # the prompt may have been there before
    await wait_for(lambda: {*ends} & {*rows(inside, session)}, timeout=30, what="the end of it")
    before_it = "300000" if "seq" in flood else ""
    assert before_it in rows(inside, session)
    await inside.close()


def rows(inside: Inside, session: Session) -> list[Any]:
    return [row.rstrip() for row in drawn(inside, session)]
