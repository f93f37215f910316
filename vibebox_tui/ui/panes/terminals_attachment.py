"""One attached session: its output into an emulator, keys and pastes out to it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from typing import assert_never

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import (
    InputLost,
    InputPending,
    InputUncertain,
    LinkState,
    TerminalEnded,
    TerminalEvent,
    TerminalLiveNow,
    TerminalReset,
    TerminalSizeChanged,
    TerminalText,
)
from vibebox_tui.client.terminal import TerminalLink
from vibebox_tui.emulator import Copied, Emulator
from vibebox_tui.emulator.snapshot import snapshot
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.protocol.models import Session
from vibebox_tui.ui.recordings import CastError, CastWriter

SLICE_TIME = 0.003
"""Seconds of drawing into an emulator at a stretch: less than a key may wait to be noticed."""

FRAME_PATIENCE = 0.2
"""Seconds that a program may take to complete a frame before it is drawn as it stands."""

RESIZE_PATIENCE = 0.5
"""Seconds within which a program has drawn itself anew in another size: that is no news."""

SMALLEST_SLICE, LARGEST_SLICE = 2_048, 1_048_576
"""Characters fed at a stretch, at least and at most, as the emulator's speed on them allows."""

MOST_EARLY_BYTES = 4_096
"""Bytes typed into a session that is still being attached; nobody types more in that time."""

MOST_WAITING = 8_192
"""Characters of input on their way beyond which a paste waits with its next piece."""


_RESET = "\x1bc"
"""RIS: in a recording, a screen that begins anew."""


class Attachment:
    """A session that this pane reads and writes, with the screen that came of it.

    `changed` is called after anything that may look different: output, the link's state, the
    session's end, input that waits. It is called often, and draws nothing by itself. `give_way`
    lets others run, between two slices of output. With `may_copy` its programs may write to the
    clipboard; `scrollback` lines are kept.
    """

    def __init__(
        self,
        session: Session,
        rows: int,
        columns: int,
        changed: Callable[["Attachment"], None],
        *,
        give_way: Callable[[], Awaitable[None]],
        may_copy: bool = False,
        scrollback: int = 10_000,
    ) -> None:
        self.session = session
        self._give_way = give_way
        self._may_copy = may_copy
        self._scrollback = scrollback
        self.emulator = self._new_emulator(rows, columns)
        self.link_state: LinkState | None = None
        self.ended: TerminalEnded | None = None
        self.pending = InputPending(0)
        self.uncertain: InputUncertain | None = None
        self.lost_input = ""
        """What was typed that the session, being over, never got."""
        self.is_live = False
        """Whether the screen is the session's present one, no redraw in the middle of arriving."""
        self.read_only = False
        """Whether the user wants nothing of what is typed to be sent."""
        self.has_news = False
        """Whether there was output while another terminal was shown."""
        self.has_rung = False
        """Whether the bell rang while another terminal was shown."""
        self.failure = ""
        """Why the session can't be watched (any more), as a sentence."""
        self.recording: CastWriter | None = None
        """What the output is written to besides, while it is."""
        self.recording_failure = ""
        """Why recording ended by itself, as a sentence."""
        self._room = (rows, columns)
        self._link: TerminalLink | None = None
        self._early = b""
        self._changed = changed
        self._slice = SMALLEST_SLICE
        self._busy_since = 0.0
        self._frame_began: float | None = None
        self._heard_bells = 0
        self._resized_at = -RESIZE_PATIENCE
        self._is_news = False
        """Whether what changes just now is worth a badge."""

    @property
    def name(self) -> str:
        """What the session is called in its environment."""
        return self.session.session_name or self.session.session_type

    @property
    def is_over(self) -> bool:
        """Whether nothing will come of it any more."""
        return self.ended is not None or bool(self.failure)

    def request_drawing(self) -> None:
        """Say that something about it may look different."""
        self._changed(self)

    # --- output ----------------------------------------------------------------------------

    async def follow(self, client: Client, name: str) -> None:
        """Stay attached for as long as the session lives, or until it can't be watched.

        `name` is what its connection is called.
        """
        try:
            await self._read(client, name)
        except VibeBoxError as error:
            self.failure = str(error)
        self._changed(self)

    async def _read(self, client: Client, name: str) -> None:
        rows, columns = self._room
        terminal = client.terminal(self.session.id, rows=rows, columns=columns, name=name)
        async with terminal as link:
            self._link = link
            if self._room != (rows, columns):  # another one while it was opened
                link.resize(*self._room)
            self.send(self._take_early())
            try:
                async for event in link:
                    await self._take(event)
            finally:
                self._link = None
                self.end_recording()

    async def _take(self, event: TerminalEvent) -> None:
        match event:
            case TerminalText(data):
                self._record(data)
                await self._feed(data)
                return
            case TerminalReset(rows, columns):
                self.emulator = self._new_emulator(rows, columns)
                self._record(_RESET)
                self._heard_bells = 0
                self.is_live = False
            case TerminalLiveNow():
                self.is_live = True
            case TerminalSizeChanged(rows, columns):
                self.emulator.resize(rows, columns)
                self._resized_at = perf_counter()
                if self.recording is not None:
                    self.recording.resized(rows, columns)
            case TerminalEnded():
                self.ended = event
            case InputPending():
                self.pending = event
            case InputUncertain():
                self.uncertain = event
            case InputLost(data):
                self.lost_input = data
            case LinkState():
                self.link_state = event
            case _:
                assert_never(event)
        self._announce(is_news=isinstance(event, TerminalEnded))

    def _announce(self, *, is_news: bool) -> None:
        self._is_news = is_news
        self._changed(self)
        self._is_news = False

    @property
    def _is_redrawn(self) -> bool:
        """Whether output is, in all likelihood, a program's answer to another size."""
        return perf_counter() - self._resized_at < RESIZE_PATIENCE

    def _new_emulator(self, rows: int, columns: int) -> Emulator:
        return Emulator(rows, columns, scrollback_lines=self._scrollback, clipboard=self._may_copy)

    # --- recording -------------------------------------------------------------------------

    def record(self, path: Path, title: str) -> None:
        """Write what comes from now on to a new file, beginning with the present screen.

        Raises:
            CastError: the file can't be written.
        """
        self.recording_failure = ""
        writer = CastWriter(path, self.emulator.rows, self.emulator.columns, title=title)
        writer.output(snapshot(self.emulator, scrollback=False).decode("utf-8", "replace"))
        self.recording = writer

    def end_recording(self) -> CastWriter | None:
        """Record no more; what was written to, where that was anything.

        Raises:
            CastError: the last of it can't be written.
        """
        writer, self.recording = self.recording, None
        if writer is not None:
            writer.close()
        return writer

    def _record(self, text: str) -> None:
        if self.recording is None:
            return
        try:
            self.recording.output(text)
        except CastError as error:
            self.recording = None
            self.recording_failure = str(error)

    # ---------------------------------------------------------------------------------------

    async def _feed(self, text: str) -> None:
        """Draw `text` in slices, with a look at everything else that waits in between; not what
        will have scrolled away by the end of it."""
        position = self.emulator.skip(text)
        if position:
            self._slice = SMALLEST_SLICE  # what is left is drawn: its speed isn't that of floods
        while position < len(text):
            piece = text[position : position + self._slice]
            position += len(piece)
            began = perf_counter()
            self.emulator.feed(piece)
            self.emulator.take_replies()  # the server's emulator is the one that answers
            took = perf_counter() - began
            self._adapt(len(piece), took)
            self._announce(is_news=self.is_live and not self._is_redrawn)
            await self._breathe(took)

    def _adapt(self, characters: int, took: float) -> None:
        if characters < self._slice and took < SLICE_TIME:
            return
        fitting = int(characters * SLICE_TIME / max(took, 1e-6))
        self._slice = max(SMALLEST_SLICE, min(fitting, 2 * self._slice, LARGEST_SLICE))

    async def _breathe(self, took: float) -> None:
        """Let others run once a slice's time has been used up since they last could."""
        self._busy_since += took
        if self._busy_since >= SLICE_TIME:
            self._busy_since = 0.0
            await self._give_way()

    def note_news(self) -> bool:
        """Something changed while another terminal is shown; whether that says anything new."""
        before = self.has_news, self.has_rung
        self.has_news = self.has_news or self._is_news
        self.has_rung = self.take_bell() or self.has_rung
        return before != (self.has_news, self.has_rung)

    def be_seen(self) -> None:
        """It is shown: nothing about it is news any more."""
        self.has_news = self.has_rung = False

    def take_bell(self) -> bool:
        """Whether the bell has rung since this was last asked."""
        rung, self._heard_bells = self.emulator.bells - self._heard_bells, self.emulator.bells
        return rung > 0

    def take_copied(self) -> Copied | None:
        """What a program copied since this was last asked, if it may: not what a redraw repeats."""
        copied = self.emulator.take_copied()
        return copied if self.is_live else None

    @property
    def is_mid_frame(self) -> bool:
        """Whether the remote side is in the middle of a frame (mode 2026), and not for too long."""
        if not self.emulator.modes.synchronized_output:
            self._frame_began = None
            return False
        now = perf_counter()
        if self._frame_began is None:
            self._frame_began = now
        return now - self._frame_began < FRAME_PATIENCE

    # --- input -----------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Write `data` to the session, now or when the link is back; nothing where it ended."""
        if not data or self.read_only or self.is_over:
            return
        if self._link is not None:
            self._link.send(data.decode("utf-8", "replace"))
        else:
            self._early = (self._early + data)[:MOST_EARLY_BYTES]

    def _take_early(self) -> bytes:
        """What was typed before there was a link at all."""
        early, self._early = self._early, b""
        return early

    @property
    def unconfirmed_input(self) -> str:
        """What `pending` is about, in order."""
        return self._link.unconfirmed_input if self._link is not None else ""

    async def room_for_input(self) -> None:
        """Return once little of what was sent waits to go out, or none of it ever will."""
        if self._link is not None:
            await self._link.room_for_input(MOST_WAITING)
        await asyncio.sleep(0)

    def resize(self, rows: int, columns: int) -> None:
        """Ask for another size; the emulator follows when the session has it."""
        if (rows, columns) == self._room:
            return
        self._room = (rows, columns)
        if self._link is not None and self.ended is None:
            self._link.resize(rows, columns)

    def answer_pending(self, *, send: bool) -> None:
        """Send what was typed while disconnected, or forget it."""
        if self._link is not None:
            if send:
                self._link.release_pending()
            else:
                self._link.discard_pending()
        self.uncertain = None
        self._changed(self)
