"""One client's place in a session's output: a redraw where it must, then piece by piece."""

from collections import deque
from typing import Final

from vibebox_tui.protocol.codec import encode
from vibebox_tui.protocol.messages import (
    Message,
    TerminalAttached,
    TerminalAttachment,
    TerminalData,
    TerminalLive,
    TerminalOutput,
    TerminalPosition,
)
from vibebox_tui.server.frames import frame, now_ms
from vibebox_tui.server.terminal_channel import Piece, TerminalChannel
from vibebox_tui.server.writer import PULL_BYTES, Cursor, Writer

UNACKNOWLEDGED_BYTES: Final = 128 * 1024
"""Most output that a client which acknowledges has on its way (protocol.md, flow control)."""

REDRAW_CHARACTERS: Final = 64 * 1024
"""Length of a redraw's pieces: each far below the message limit, however it is escaped."""


class TerminalCursor(Cursor):
    """Delivers a session to one client, from where it attached.

    `wanted` is the size that the client last asked for; `read_only` that it doesn't type.
    """

    def __init__(self, channel: TerminalChannel, writer: Writer) -> None:
        self.channel = channel
        self.wanted: tuple[int, int] | None = None
        self.read_only = False
        self.knows_only_guide = True
        self._writer = writer
        self._marks: deque[bytes] = deque()
        self._index = channel.next_index
        self._sent = channel.seq
        self._acked: int | None = None
        self._awaits_echo = False
        self._gathered = 0

    # --- attaching -------------------------------------------------------------------------

    def attach_plainly(self) -> None:
        """Attach a client that knows only the guide: the present screen, then what comes."""
        self.channel.add(self)
        if self.channel.seq > 0:
            self._redraw()
        self._writer.due(self, at_once=True)

    def attach(self, since: int | None) -> None:
        """Attach, or attach anew: what is missed since position `since`, or a redraw."""
        self.knows_only_guide = False
        self._marks.clear()
        self.channel.add(self)
        index = None if since is None else self.channel.index_after(since)
        self._announce(redraw=index is None)
        if index is None or since is None:
            self._redraw()
        else:
            self._catch_up(index, since)
        self._announce_live()
        self._writer.due(self, at_once=True)

    def close(self) -> None:
        """Deliver nothing more."""
        self.channel.remove(self)
        self._writer.discard(self)

    # --- the client ------------------------------------------------------------------------

    def expect_echo(self) -> None:
        """The client typed: what comes next goes out at once."""
        self._awaits_echo = True
        self.channel.typed(self)

    def acknowledge(self, seq: int) -> None:
        """The client has drawn everything up to `seq`."""
        self._acked = max(self._acked or 0, min(seq, self._sent))
        self.channel.reconsider()
        self._writer.due(self)

    @property
    def answers(self) -> bool:
        """Whether the client replies to a program's queries by itself, as the guide's do."""
        return self.knows_only_guide and not self.read_only

    @property
    def lag(self) -> int:
        """Bytes of output not acknowledged; of a client that doesn't acknowledge, those that its
        socket doesn't take."""
        if self._acked is not None:
            return self.channel.seq - self._acked
        return 0 if self._writer.is_writable else self.channel.seq - self._sent

    # --- for the channel and the writer ----------------------------------------------------

    @property
    def next_index(self) -> int:
        """The index of the piece that is sent next."""
        return self._index

    def wake(self, size: int) -> None:
        """Something of `size` bytes was appended."""
        self._gathered += size
        if self._awaits_echo:
            self._awaits_echo = False
            self._writer.due_now(self)
        else:
            self._writer.due(self, at_once=self._gathered >= PULL_BYTES)

    @property
    def has_more(self) -> bool:
        """Whether another `pull` would bring more at once."""
        return bool(self._marks) or self._needs_redraw or self._next() is not None

    def pull(self, budget: int) -> list[bytes]:
        """Take the next frames: marks and redraw, then pieces."""
        self._gathered = 0
        frames: list[bytes] = []
        while budget > 0 and (data := self._take()) is not None:
            frames.append(data)
            budget -= len(data)
        if frames:
            self._writer.traffic.sent["terminal"] += len(frames)
            self.channel.reconsider()
        return frames

    # --- helpers ---------------------------------------------------------------------------

    def _take(self) -> bytes | None:
        if self._marks:
            return self._marks.popleft()
        if self._needs_redraw:
            self._writer.traffic.dropped["terminal output"] += 1
            self._announce(redraw=True)
            self._redraw()
            self._announce_live()
            return self._marks.popleft()
        piece = self._next()
        if piece is None:
            return None
        self._index += 1
        self._sent = piece.end
        return piece.message.frame(self._writer.form)

    @property
    def _needs_redraw(self) -> bool:
        """Whether it was overrun; one that acknowledges must first have drawn most of the rest."""
        if self._acked is not None and self._sent - self._acked > UNACKNOWLEDGED_BYTES // 2:
            return False
        return self._index < self.channel.next_index and self.channel.piece(self._index) is None

    def _next(self) -> Piece | None:
        """The next piece that may be sent now; steps over what this client must not get."""
        while (piece := self.channel.piece(self._index)) is not None:
            if piece.extension and self.knows_only_guide:
                self._index += 1
                continue
            if self._acked is not None and piece.end - self._acked > UNACKNOWLEDGED_BYTES:
                return None
            return piece
        return None

    def _catch_up(self, index: int, since: int) -> None:
        """Queue the missed pieces, all of them within the window."""
        self._sent = since
        for missed in range(index, self.channel.next_index):
            piece = self.channel.piece(missed)
            if piece is not None:
                self._marks.append(piece.message.frame(self._writer.form))
        self._go_on_from_here()

    def _redraw(self) -> None:
        """Queue the pieces of a redraw and go on after what it shows."""
        text = self.channel.screen.redraw()
        for start in range(0, len(text), REDRAW_CHARACTERS):
            data = text[start : start + REDRAW_CHARACTERS]
            self._mark(
                TerminalOutput(TerminalData(self.channel.session_id, data, redraw=True), now_ms())
            )
        self._go_on_from_here()

    def _announce(self, *, redraw: bool) -> None:
        if not self.knows_only_guide:
            channel = self.channel
            size = TerminalAttachment(channel.session_id, channel.rows, channel.columns, redraw)
            self._mark(TerminalAttached(size, now_ms()))

    def _announce_live(self) -> None:
        if not self.knows_only_guide:
            position = TerminalPosition(self.channel.session_id, self._sent)
            self._mark(TerminalLive(position, now_ms()))

    def _go_on_from_here(self) -> None:
        self._index = self.channel.next_index
        self._sent = self.channel.seq
        if self._acked is not None:
            self._acked = self._sent

    def _mark(self, message: Message) -> None:
        self._marks.append(frame(encode(message), self._writer.form))
