"""The terminal endpoint over real sockets, with real PTYs."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from tests.running_server import RunningServer, receive, receive_any, send
from tests.support import wait_for
from vibebox_tui.emulator import Emulator


@pytest.fixture
async def session_id(server: RunningServer) -> str:
    """A shell that is ready to be typed into."""
    env = await server.create("true", owner="developer", shared=True)
    session = await server.open_session(env.id, rows=24, cols=80)
    service = server.server.backend.service

    def prompts() -> bool:
        snapshot = service.snapshot_terminal(session.id)
        return snapshot is not None and snapshot.seq > 0

    await wait_for(prompts)
    return session.id


class Screen:
    """A client's terminal: what it was sent, on an emulator of its own."""

    def __init__(self, websocket: ClientConnection, session_id: str) -> None:
        self.websocket = websocket
        self.session_id = session_id
        self.emulator = Emulator(24, 80)
        self.seq = 0
        self.seen: list[dict[str, Any]] = []

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self.emulator.display).rstrip()

    async def attach(self, since: int | None = None, **more: Any) -> dict[str, Any]:
        """Attach by our extension; the answer, once all that was missed is drawn."""
        fields = {"rows": 24, "cols": 80} | more | ({} if since is None else {"since": since})
        await send(self.websocket, "terminal_attach", sessionId=self.session_id, **fields)
        attached = await receive(self.websocket, "terminal_attached")
        while (message := await self.next())["type"] != "terminal_live":
            pass
        self.seq = message["payload"]["seq"]
        return dict(attached["payload"])

    async def next(self) -> dict[str, Any]:
        """The next message, drawn where it is output."""
        message = await receive_any(self.websocket)
        self.seen.append(message)
        payload = message["payload"]
        if message["type"] == "terminal_output":
            self.emulator.feed(payload["data"])
            self.seq = payload.get("seq", self.seq)
        return message

    async def until(self, text: str) -> None:
        """Read until `text` stands on the screen."""
        async with asyncio.timeout(10):
            while text not in self.text:
                await self.next()

    async def type(self, data: str, **more: Any) -> None:
        """Type."""
        await send(self.websocket, "terminal_input", sessionId=self.session_id, data=data, **more)


# --- what the guide has --------------------------------------------------------------------


async def test_the_first_input_attaches_a_guides_client(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        await screen.type("echo $((6 * 7))\n")
        await screen.until("42")
    assert {message["type"] for message in screen.seen} == {"terminal_output"}


async def test_the_url_attaches_a_guides_client_to_the_present_screen(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as first:
        screen = Screen(first, session_id)
        await screen.type("echo he''llo\n")
        await screen.until("\nhello\n#")
    async with server.websocket("terminal", query=f"sessionId={session_id}") as second:
        late = Screen(second, session_id)
        await late.until("\nhello\n#")
        assert late.text == screen.text


async def test_all_clients_of_a_session_see_the_same(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as one, server.websocket("terminal") as two:
        typing, watching = Screen(one, session_id), Screen(two, session_id)
        await watching.attach()
        await typing.type("echo to''gether\n")
        await typing.until("\ntogether")
        await watching.until("\ntogether")


async def test_a_resize_reaches_the_program(server: RunningServer, session_id: str) -> None:
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        await send(websocket, "terminal_resize", sessionId=session_id, rows=33, cols=77)
        await screen.type("stty size\n")
        await screen.until("33 77")
    assert {message["type"] for message in screen.seen} == {"terminal_output"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("terminal_input", {"data": "x"}),
        ("terminal_resize", {"rows": 5, "cols": 5}),
        ("terminal_attach", {"rows": 5, "cols": 5}),
    ],
)
async def test_an_unknown_session_is_told_so(
    server: RunningServer, kind: str, fields: dict[str, Any]
) -> None:
    async with server.websocket("terminal") as websocket:
        await send(websocket, kind, sessionId="nope", **fields)
        error = (await receive_any(websocket))["payload"]
        assert (error["code"], error["details"]) == ("SESSION_NOT_FOUND", {"sessionId": "nope"})
    async with server.websocket("terminal", query="sessionId=nope") as websocket:
        assert (await receive_any(websocket))["payload"]["code"] == "SESSION_NOT_FOUND"


# --- attaching -----------------------------------------------------------------------------


async def test_a_new_attachment_is_redrawn(server: RunningServer, session_id: str) -> None:
    async with server.websocket("terminal") as one, server.websocket("terminal") as two:
        first = Screen(one, session_id)
        assert (await first.attach())["redraw"]
        await first.type("printf '\\033[7mre''verse\\033[0m\\n'\n")
        await first.until("\nreverse\n#")
        late = Screen(two, session_id)
        assert (await late.attach())["redraw"]
        assert late.text == first.text
        redraw = [m["payload"] for m in late.seen if m["type"] == "terminal_output"]
        assert all(p["redraw"] and "seq" not in p for p in redraw)
        assert late.seq == first.seq


async def test_a_resume_gets_what_it_missed_and_nothing_else(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as staying:
        typing = Screen(staying, session_id)
        await typing.attach()
        await typing.type("echo be''fore\n")
        await typing.until("\nbefore")
        async with server.websocket("terminal") as first:
            screen = Screen(first, session_id)
            await screen.attach()
        await typing.type("echo mis''sed\n")
        await typing.until("\nmissed\n#")
        async with server.websocket("terminal") as second:
            screen.websocket = second
            assert not (await screen.attach(since=screen.seq))["redraw"]
            await screen.until("\nmissed\n#")
            assert screen.text == typing.text


async def test_a_position_that_is_long_gone_is_answered_by_a_redraw(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        assert (await screen.attach(since=10**9))["redraw"]
        before = screen.seq
        await screen.type("seq 1 100000; echo do''ne\n")
        await screen.until("\ndone")
        assert (await screen.attach(since=before))["redraw"]
        assert "99999" in screen.text


async def test_positions_rise_and_count_bytes(server: RunningServer, session_id: str) -> None:
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        await screen.attach()
        start = screen.seq
        await screen.type("printf 'h\\303\\251llo \\342\\202\\254\\n'\n")
        await screen.until("\nhéllo €")
        outputs = [m["payload"] for m in screen.seen if m["type"] == "terminal_output"]
        live = [p for p in outputs if "seq" in p]
        assert [p["seq"] for p in live] == sorted({p["seq"] for p in live})
        assert live[-1]["seq"] - start == sum(len(p["data"].encode()) for p in live)


async def test_a_new_size_is_told_in_order_to_who_knows_the_extension(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as one, server.websocket("terminal") as two:
        resizing, watching = Screen(one, session_id), Screen(two, session_id)
        await resizing.attach()
        await watching.attach()
        await send(one, "terminal_resize", sessionId=session_id, rows=30, cols=90)
        told = (await receive(two, "terminal_resized"))["payload"]
        assert (told["rows"], told["cols"]) == (30, 90)
        assert told["seq"] >= watching.seq


async def test_attaching_alone_sets_the_size_only_where_nobody_else_is(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as one, server.websocket("terminal") as two:
        first, second = Screen(one, session_id), Screen(two, session_id)
        assert (await first.attach(rows=30, cols=100))["rows"] == 30
        attached = await second.attach(rows=10, cols=20)
        assert (attached["rows"], attached["cols"]) == (30, 100)
        await second.type("stty size\n")
        told = (await receive(one, "terminal_resized"))["payload"]
        assert (told["rows"], told["cols"]) == (10, 20), "who types decides"


async def test_detached_is_quiet(server: RunningServer, session_id: str) -> None:
    async with server.websocket("terminal") as one, server.websocket("terminal") as two:
        leaving, typing = Screen(one, session_id), Screen(two, session_id)
        await leaving.attach()
        await send(one, "terminal_detach", sessionId=session_id)
        await send(one, "ping")
        await receive(one, "pong")
        await typing.type("echo unh''eard\n")
        await typing.until("\nunheard")
        await send(one, "ping")
        assert (await receive_any(one))["type"] == "pong"
        assert server.server.backend.service.terminal_clients(session_id) == 1


async def test_the_end_of_a_session_is_told_after_its_output(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        await screen.attach()
        await screen.type("echo go''odbye; exit 3\n")
        while (message := await screen.next())["type"] != "terminal_exit":
            pass
        assert "\ngoodbye" in screen.text
        assert message["payload"] == {"sessionId": session_id, "exitCode": 3}
        await screen.type("x")
        assert (await receive(websocket, "error"))["payload"]["code"] == "SESSION_NOT_FOUND"


# --- typing --------------------------------------------------------------------------------


async def test_input_with_a_number_is_receipted_and_written_once(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        await screen.attach()
        for _ in range(2):
            await screen.type("echo; echo on''ce\n", clientId="c1", inputSeq=1)
            ack = (await receive(websocket, "terminal_input_ack"))["payload"]
            assert ack == {"sessionId": session_id, "clientId": "c1", "inputSeq": 1}
        await screen.type("echo; echo th''en\n", clientId="c1", inputSeq=2)
        other = Screen(websocket, session_id)
        await other.attach()
        await other.until("\nthen")
        assert other.text.count("\nonce") == 1


async def test_input_keeps_its_order_and_a_pong_follows_it(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        await screen.attach()
        for letter in "echo abcdefghijklmnopqrstuvwxyz":
            await screen.type(letter)
        await send(websocket, "ping")
        await receive(websocket, "pong")
        await screen.type("; echo\n")
        late = Screen(websocket, session_id)
        await late.attach()
        await late.until("\nabcdefghijklmnopqrstuvwxyz")


async def test_a_reader_types_nothing(server: RunningServer, session_id: str) -> None:
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        await screen.attach(readOnly=True)
        await screen.type("x")
        assert (await receive(websocket, "error"))["payload"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("attach", [True, False])
async def test_a_viewer_watches_and_types_nothing(
    server: RunningServer, session_id: str, attach: bool
) -> None:
    async with (
        server.websocket("terminal", "viewer", f"sessionId={session_id}") as watching,
        server.websocket("terminal", "developer") as typing,
    ):
        watcher, typist = Screen(watching, session_id), Screen(typing, session_id)
        if attach:
            await watcher.attach()
        await watcher.type("rm -rf /\n")
        assert (await receive(watching, "error"))["payload"]["code"] == "FORBIDDEN"
        await send(watching, "terminal_resize", sessionId=session_id, rows=5, cols=5)
        assert (await receive(watching, "error"))["payload"]["code"] == "FORBIDDEN"
        await typist.attach()
        await typist.type("echo wat''ched\n")
        await watcher.until("\nwatched")


async def test_anothers_session_is_not_found(server: RunningServer) -> None:
    env = await server.create("true", owner="admin")
    session = await server.open_session(env.id)
    async with server.websocket("terminal", "developer") as websocket:
        await send(websocket, "terminal_input", sessionId=session.id, data="x")
        assert (await receive_any(websocket))["payload"]["code"] == "SESSION_NOT_FOUND"


async def test_the_server_answers_a_programs_query(server: RunningServer, session_id: str) -> None:
    """A program asks where the cursor is, and no client that knows only the guide is there."""
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        await screen.attach()
        await screen.type(
            "stty raw -echo; printf '\\033[5;7H\\033[6n'; head -c 6 | od -c; stty sane\n"
        )
        await screen.until("[   5   ;   7   R")


# --- flow ----------------------------------------------------------------------------------


async def test_who_acknowledges_never_has_more_than_128_kib_on_its_way(
    server: RunningServer, session_id: str
) -> None:
    async with server.websocket("terminal") as one, server.websocket("terminal") as two:
        lazy, typing = Screen(one, session_id), Screen(two, session_id)
        await lazy.attach()
        await send(one, "terminal_ack", sessionId=session_id, seq=lazy.seq)
        start = lazy.seq
        await typing.attach()
        await typing.type("seq 1 200000; echo do''ne\n")
        await typing.until("\ndone")
        await send(one, "ping")
        while (await lazy.next())["type"] != "pong":
            pass
        assert 64 * 1024 < lazy.seq - start <= 128 * 1024
        await send(one, "terminal_ack", sessionId=session_id, seq=lazy.seq)
        await lazy.until("\ndone")
        redraws = [m for m in lazy.seen if m["payload"].get("redraw")]
        assert redraws, "it was overrun meanwhile"


async def test_the_pty_waits_for_who_typed_last(server: RunningServer, session_id: str) -> None:
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        await screen.attach()
        start, screen.seen = screen.seq, []
        await send(websocket, "terminal_ack", sessionId=session_id, seq=screen.seq)
        await screen.type("seq 1 100000; echo do''ne\n")
        async with asyncio.timeout(20):
            while "\ndone" not in screen.text:
                await screen.next()
                await send(websocket, "terminal_ack", sessionId=session_id, seq=screen.seq)
        outputs = [m["payload"] for m in screen.seen if m["type"] == "terminal_output"]
        assert not any(p.get("redraw") for p in outputs), "nothing was overrun"
        assert screen.seq - start == sum(len(p["data"].encode()) for p in outputs)


async def test_with_no_client_the_output_is_drained(server: RunningServer, session_id: str) -> None:
    async with server.websocket("terminal") as websocket:
        screen = Screen(websocket, session_id)
        await screen.type("seq 1 200000; echo do''ne\n")
        await send(websocket, "ping")
        await receive(websocket, "pong")
    service = server.server.backend.service

    def done() -> bool:
        snapshot = service.snapshot_terminal(session_id)
        return snapshot is not None and b"\ndone" in snapshot.redraw

    await wait_for(done)
