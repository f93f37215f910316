"""Bytes to lines: pure, incremental, and aware of how many bytes it has used."""

import codecs
from typing import Final

MAX_LINE: Final = 10_000
"""Characters of a line (protocol); what is longer is cut, and says so."""

CUT: Final = " … [cut: longer than 10,000 characters]"
"""What a cut line ends in, within its length."""

_MOST_BYTES: Final = 4 * MAX_LINE
"""Bytes that so many characters can take in UTF-8."""

_KEPT: Final = MAX_LINE - len(CUT)


class LineSplitter:
    """Splits a stream of UTF-8 into lines, invalid bytes replaced.

    `position` is the number of bytes that the lines given out so far have used up, `cut` whether
    the line that goes on there has been cut: with both, another splitter goes on exactly there.
    """

    def __init__(self, position: int = 0, cut: bool = False) -> None:
        self.position = position
        self.cut = cut
        self._rest = b""
        self._flushed = b""

    @property
    def pending(self) -> bool:
        """Whether there is a piece of a line that `flush` would give out."""
        return self._rest != self._flushed and not self.cut

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        data = self._rest + data if self._rest else data
        if self.cut:
            data = self._skip(data)
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        lines = _split(data[:end]) if end else []
        self.position += end
        if len(self._rest) > _MOST_BYTES:
            lines.append(self._cut_rest())
        return lines

    def flush(self) -> list[str]:
        """The piece of a line that has come so far, as a line; all but half a character."""
        text, used = codecs.utf_8_decode(self._rest, "replace", False)
        lines = self._give(text, used)
        self._flushed = self._rest
        return lines

    def finish(self) -> list[str]:
        """The last line, where it has no end."""
        text, used = codecs.utf_8_decode(self._rest, "replace", True)
        return self._give(text, used)

    def _give(self, text: str, used: int) -> list[str]:
        if not used or self.cut:
            return []
        self._rest = self._rest[used:]
        self.position += used
        return [_bounded(text)]

    def _skip(self, data: bytes) -> bytes:
        """Pass over what is left of a line that was cut."""
        end = data.find(b"\n") + 1
        self.cut = not end
        skipped = end or len(data)
        self.position += skipped
        return data[skipped:]

    def _cut_rest(self) -> str:
        text = self._rest.decode("utf-8", "replace")
        self.position += len(self._rest)
        self._rest = b""
        self.cut = True
        return _bounded(text)


def _split(data: bytes) -> list[str]:
    lines = data.decode("utf-8", "replace").split("\n")
    lines.pop()
    if b"\r\n" in data:
        lines = [line.removesuffix("\r") for line in lines]
    if len(data) > MAX_LINE:
        lines = [_bounded(line) for line in lines]
    return lines


def _bounded(line: str) -> str:
    return line if len(line) <= MAX_LINE else line[:_KEPT] + CUT
