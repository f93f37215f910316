"""Output that has come and is not drawn yet, in order with the sizes between it."""

from collections import deque
from typing import NamedTuple


class Slice(NamedTuple):
    """Text to draw, of output that goes up to position `end`."""

    text: str
    end: int
    is_last: bool
    """Whether with it all is drawn up to `end`."""


class Size(NamedTuple):
    """A size to be had after what is before it."""

    rows: int
    columns: int


class Backlog:
    """Text with its output positions, and sizes; what has gathered between two of those is taken
    as one text, in slices."""

    def __init__(self) -> None:
        self.pending = 0
        """Characters in it."""
        self._items: deque[tuple[str, int] | Size] = deque()
        self._text = ""
        self._drawn = 0
        self._ends: deque[tuple[int, int]] = deque()
        self._skipped = False

    def __bool__(self) -> bool:
        return bool(self._ends or self._items)

    @property
    def has_begun(self) -> bool:
        """Whether a text has been taken in part."""
        return bool(self._ends)

    def add_text(self, text: str, end: int) -> None:
        """Append output that goes up to position `end`."""
        self._items.append((text, end))
        self.pending += len(text)

    def add_size(self, size: Size) -> None:
        """Append a size."""
        self._items.append(size)

    def clear(self) -> None:
        """Forget all of it."""
        self._items.clear()
        self._ends.clear()
        self.pending = 0

    def gather(self) -> str:
        """Begin with what has gathered, where what was begun has been taken: all text up to the
        next size. It is empty where something had been begun, or a size comes first."""
        if self._ends:
            return ""
        texts: list[str] = []
        length = 0
        while self._items and not isinstance(item := self._items[0], Size):
            self._items.popleft()
            texts.append(item[0])
            length += len(item[0])
            self._ends.append((length, item[1]))
        self._text = texts[0] if len(texts) == 1 else "".join(texts)
        self._drawn, self._skipped = 0, False
        return self._text

    def skip(self, count: int) -> None:
        """Take that many characters of what was begun, which need not be drawn: no position is
        whole any more until the end of it."""
        if count:
            self._drawn = count
            self.pending -= count
            self._skipped = True
            while self._ends[0][0] < count:
                self._ends.popleft()

    def take(self, most: int) -> Slice | Size | None:
        """The next thing to do: a size, or text of at most so many characters; None where there
        is none."""
        if not self._ends:
            self.gather()
        if not self._ends:
            item = self._items.popleft() if self._items else None
            assert item is None or isinstance(item, Size)
            return item
        stop, end = self._ends[0]
        start = self._drawn
        self._drawn = min(start + most, stop)
        self.pending -= self._drawn - start
        is_last = self._drawn == stop
        if is_last:
            self._ends.popleft()
            is_last = not (self._skipped and self._ends)
        return Slice(self._text[start : self._drawn], end, is_last)
