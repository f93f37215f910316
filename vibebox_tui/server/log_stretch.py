"""A stretch of a log: successive lines, and what was rendered of them for all who read them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from vibebox_tui.server.log_block import LogBlock
from vibebox_tui.server.log_view import Lines, LogView
from vibebox_tui.server.shared_bytes import SharedBytes

CHUNK_BYTES: Final = 128 * 1024
"""About what one batch or one join of single messages holds, without what each message has
besides its line; far below the message limit, and about what a socket takes at once."""

CHUNK_ENTRIES: Final = 1024
"""Entries of a chunk at most: of usual lines, as messages, twice as much. Fewer cost more turns."""

_RENDERED_BYTES: Final = 4 * 1024 * 1024
"""Of renderings that are kept for the other readers, the latest: chunks of about 128 KiB."""

_OBJECT: Final = 48
"""Bytes that an object of bytes takes besides its own, with the place in its list."""


class Stretch:
    """Lines from `start` on, each chunk of them rendered once however many read it.

    `bytes` is about what the lines take, without what was rendered of them.
    """

    def __init__(self, start: int, blocks: Sequence[LogBlock] = ()) -> None:
        self.start = start
        self.end = start
        self.bytes = 0
        self._rendered_bytes = 0
        self._lines: list[Lines] = []
        self._starts: list[int] = []
        self._ends: dict[int, int] = {}
        self._rendered: dict[tuple[int, int, LogView], tuple[int, SharedBytes]] = {}
        self.extend(blocks)

    @property
    def weight(self) -> int:
        """Bytes that all of it takes, about."""
        return self.bytes + self._rendered_bytes

    def holds(self, position: int) -> bool:
        """Whether the entry `position` can be taken from it."""
        return self.start <= position < self.end

    def extend(self, blocks: Sequence[LogBlock]) -> None:
        """Append what follows."""
        for block in blocks:
            messages = block.encoded()
            self._lines.append(Lines(self.end, block.time, block.stream, messages))
            self._starts.append(self.end)
            self.end += len(messages)
            self.bytes += _weight(messages)
        self._ends.clear()  # the last chunk may be longer now

    def shorten(self, most: int) -> None:
        """Let go of the oldest blocks that are beyond `most` bytes, but for the last one."""
        excess = 0
        while self.bytes > most and excess < len(self._lines) - 1:
            self.bytes -= _weight(self._lines[excess].messages)
            excess += 1
        if excess:
            self.start = self._starts[excess]
            del self._lines[:excess], self._starts[:excess]

    def take(self, position: int, view: LogView, limit: int | None) -> tuple[int, bytes]:
        """The position after the next chunk from `position` on, which it holds, and its frames.

        `limit` is a position not to be passed. There are no frames where nothing matches.
        """
        end = self._ends.get(position)
        if end is None:
            end = self._ends[position] = self._chunk_end(position)
        if limit is not None:
            end = min(end, limit)
        key = (position, end, view)
        known = self._rendered.get(key)
        return known if known is not None else self._render(key)

    def _chunk_end(self, position: int) -> int:
        """Where the chunk ends that begins at `position`, after one entry at least.

        A chunk ends by its size, and where the number of its last entry is a multiple of
        CHUNK_ENTRIES: so readers who begin anywhere soon read the same chunks.
        """
        aligned = position + CHUNK_ENTRIES - (position - 1) % CHUNK_ENTRIES
        size = 0
        for lines in self._between(position, aligned):
            for number, message in enumerate(lines.messages, lines.seq + 1):
                size += len(message)
                if size >= CHUNK_BYTES:
                    return number
        return min(aligned, self.end)

    def _render(self, key: tuple[int, int, LogView]) -> tuple[int, bytes]:
        position, end, view = key
        frames = SharedBytes(view.render(self._between(position, end), end - 1))
        rendered = (end, frames)
        self._rendered[key] = rendered
        self._rendered_bytes += len(rendered[1])
        while self._rendered_bytes > _RENDERED_BYTES and len(self._rendered) > 1:
            _, oldest = self._rendered.pop(next(iter(self._rendered)))
            self._rendered_bytes -= len(oldest)
        return rendered

    def _between(self, position: int, end: int) -> Iterator[Lines]:
        """The lines from `position` up to `end`."""
        first_index = bisect_right(self._starts, position) - 1
        for lines in self._lines[first_index : bisect_left(self._starts, end)]:
            if lines.seq < position or lines.seq + len(lines.messages) > end:
                first = max(position, lines.seq)
                part = lines.messages[first - lines.seq : end - lines.seq]
                yield lines._replace(seq=first, messages=part)
            else:
                yield lines


def _weight(messages: Sequence[bytes]) -> int:
    """Bytes of memory that lines take, their objects included."""
    return sum(map(len, messages)) + _OBJECT * len(messages)
