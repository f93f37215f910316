"""What is typed while the server doesn't answer, or can't be reached, as the user sees it."""

from collections.abc import AsyncIterator

import pytest

from tests.faults import FaultRelay
from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import Dashboard
from tests.ui.terminals import ESCAPE, box_of, shell, type_text, until
from vibebox_tui.client.events import LinkPhase

pytestmark = pytest.mark.usefixtures("plain_shell")


@pytest.fixture
async def relay(server: RunningServer) -> AsyncIterator[FaultRelay]:
    async with FaultRelay(server.port) as relay:
        yield relay


def through(relay: FaultRelay) -> str:
    return f"http://127.0.0.1:{relay.port}"


def notice(shown: Dashboard) -> str:
    """What is said across the head of the terminal; empty where nothing is."""
    line = box_of(shown)._notice_line
    return line.content.plain if line.display else ""


async def noticed(shown: Dashboard, text: str) -> None:
    await wait_for(lambda: text in notice(shown), what=f"{text!r} in the notice")


async def cut_off(shown: Dashboard, relay: FaultRelay) -> None:
    relay.is_refusing = True
    relay.reset()
    await wait_for(lambda: shown.client.link.phase is LinkPhase.WAITING)


async def test_what_is_not_answered_is_shown_until_it_is(
    server: RunningServer, relay: FaultRelay
) -> None:
    async with shell(server, address=through(relay)) as shown:
        relay.black_hole()
        await type_text(shown, "echo on-its-$((6*7))", "enter")
        await noticed(shown, "No answer yet to “echo on-its-$((6*7))⏎”")
        relay.carry()
        await until(shown, "on-its-42")
        await wait_for(lambda: notice(shown) == "")


async def test_what_waits_is_shown_and_sent_with_the_users_word(
    server: RunningServer, relay: FaultRelay
) -> None:
    async with shell(server, address=through(relay)) as shown:
        await cut_off(shown, relay)
        await type_text(shown, "echo wai-$((6*7))", "ctrl+c", "enter")
        await noticed(shown, "Waits for the link: “echo wai-$((6*7))^C⏎”")
        relay.is_refusing = False
        shown.client.retry_now()
        await noticed(shown, "“echo wai-$((6*7))^C⏎” ^] s sends it, ^] x forgets it.")
        await shown.press(ESCAPE, "x")
        await wait_for(lambda: notice(shown) == "")
        await type_text(shown, "echo ot-$((6*7))", "enter")
        await until(shown, "ot-42")
        assert "wai" not in shown.picture


async def test_a_long_text_shows_its_end_and_a_secret_only_its_length(
    server: RunningServer, relay: FaultRelay
) -> None:
    async with shell(server, address=through(relay)) as shown:
        await type_text(shown, "stty -echo; printf 'Password: '; read secret", "enter")
        await until(shown, "\nPassword:")
        await cut_off(shown, relay)
        await type_text(shown, "hush" * 20)
        await noticed(shown, "Waits for the link: 80 characters")
        assert "hush" not in shown.picture
        box_of(shown).attachment.emulator.feed("\r\n$ ")
        await type_text(shown, "!")
        await noticed(shown, "ushhush!” (81 characters)")


async def test_what_a_session_never_got_is_told_when_it_is_gone(
    server: RunningServer, relay: FaultRelay
) -> None:
    async with shell(server, address=through(relay)) as shown:
        await cut_off(shown, relay)
        await type_text(shown, "make deploy")
        session = box_of(shown).attachment.session
        async with server.http() as http:
            assert (await http.delete(f"/sessions/{session.id}")).is_success
        relay.is_refusing = False
        shown.client.retry_now()
        await noticed(shown, "It never got “make deploy”.")
