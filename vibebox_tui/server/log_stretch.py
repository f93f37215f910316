"""A stretch of a log: successive entries, and what was rendered of them for all who read them."""

from collections.abc import Sequence
from typing import Final

from vibebox_tui.server.log_view import EncodedEntry, LogView

CHUNK_BYTES: Final = 256 * 1024
"""About what one batch or one join of single messages holds; far below the message limit."""

CHUNK_ENTRIES: Final = 1024
"""Entries of a chunk at most: of usual lines about as much."""

_SHARED_RENDERINGS: Final = 16
"""Renderings kept for the other readers, the latest: chunks of about 64 KiB."""


class Stretch:
    """Entries from `start` on, each encoded once, each chunk rendered once however many read it.

    `bytes` is what the entries and their renderings take.
    """

    def __init__(self, start: int, entries: Sequence[EncodedEntry] = ()) -> None:
        self.start = start
        self.end = start
        self.bytes = 0
        self._entries: list[EncodedEntry] = []
        self._ends: dict[int, int] = {}
        self._rendered: dict[tuple[int, int, LogView], tuple[int, bytes]] = {}
        self.extend(entries)

    def holds(self, position: int) -> bool:
        """Whether the entry `position` can be taken from it."""
        return self.start <= position < self.end

    def extend(self, entries: Sequence[EncodedEntry]) -> None:
        """Append what follows."""
        self._entries += entries
        self.end += len(entries)
        self.bytes += sum([len(entry.json) for entry in entries])
        self._ends.clear()  # the last chunk may be longer now

    def shorten(self, most: int) -> None:
        """Let go of the oldest entries that are beyond `most` bytes."""
        excess = 0
        while self.bytes > most and excess < len(self._entries) - 1:
            self.bytes -= len(self._entries[excess].json)
            excess += 1
        del self._entries[:excess]
        self.start += excess

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
        for number, entry in enumerate(self._slice(position, aligned), position + 1):
            size += len(entry.json)
            if size >= CHUNK_BYTES:
                return number
        return min(aligned, self.end)

    def _render(self, key: tuple[int, int, LogView]) -> tuple[int, bytes]:
        position, end, view = key
        rendered = (end, view.render(self._slice(position, end), end - 1))
        if len(self._rendered) >= _SHARED_RENDERINGS:
            _, oldest = self._rendered.pop(next(iter(self._rendered)))
            self.bytes -= len(oldest)
        self._rendered[key] = rendered
        self.bytes += len(rendered[1])
        return rendered

    def _slice(self, position: int, end: int) -> list[EncodedEntry]:
        return self._entries[position - self.start : end - self.start]
