"""The file format of asciinema, version 2: a JSON header, then a line of JSON for each event.

Source: asciinema's documentation, "asciicast v2".
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, TextIO

import msgspec

from vibebox_tui.errors import VibeBoxError

OUTPUT, RESIZE = "o", "r"
"""The kinds of events that we write and play; others (input, markers) are passed over."""

LONGEST_LINE = 16 * 1024 * 1024
"""Characters of an event that is still read: a redraw of the largest screen has a tenth of it."""


class CastError(VibeBoxError):
    """A recording can't be read, written or played."""


class Event(NamedTuple):
    """What happened `at` so many seconds after the start: output, or a size as `COLSxROWS`."""

    at: float
    kind: str
    data: str


class Header(msgspec.Struct):
    """The first line of a recording; sizes in cells, `timestamp` in seconds since the epoch."""

    version: Literal[2]
    width: int
    height: int
    timestamp: int | None = None
    title: str | None = None
    idle_time_limit: float | None = None
    env: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """A recording: its size at the start, its title and its events, oldest first."""

    rows: int
    columns: int
    title: str = ""
    idle_limit: float | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def duration(self) -> float:
        """Seconds from the start to the last event."""
        return self.events[-1].at if self.events else 0.0


class CastWriter:
    """Writes a recording as it happens; what is typed is no part of it.

    Raises:
        CastError: the file can't be created, or written to (any more).
    """

    def __init__(
        self,
        path: Path,
        rows: int,
        columns: int,
        *,
        title: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._clock = clock
        self._began = clock()
        self._file = self._create(path)
        header: dict[str, Any] = {
            "version": 2,
            "width": columns,
            "height": rows,
            "timestamp": int(time.time()),
            "env": {"TERM": "xterm-256color"},
        }
        self._write(header | ({"title": title} if title else {}))

    def output(self, text: str) -> None:
        """Something was written to the terminal."""
        self._event(OUTPUT, text)

    def resized(self, rows: int, columns: int) -> None:
        """The terminal has another size."""
        self._event(RESIZE, f"{columns}x{rows}")

    @property
    def seconds(self) -> float:
        """How long the recording is so far."""
        return self._clock() - self._began

    def close(self) -> None:
        """Write what is left; nothing more can be added."""
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error

    def _event(self, kind: str, data: str) -> None:
        self._write([round(self.seconds, 6), kind, data])

    def _write(self, value: object) -> None:
        try:
            self._file.write(json.dumps(value, ensure_ascii=False) + "\n")
        except OSError as error:
            raise self._failed(error) from error

    def _create(self, path: Path) -> TextIO:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise self._failed(error) from error
        return os.fdopen(descriptor, "w", encoding="utf-8", errors="replace")

    def _failed(self, error: OSError) -> CastError:
        return CastError(f"the recording {self.path} can't be written: {error.strerror}")


def read_cast(path: Path) -> Cast:
    """Read a recording.

    Raises:
        CastError: there is no such file, or it is no asciicast of version 2; it says where.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return _parsed(file, path)
    except OSError as error:
        raise CastError(f"the recording {path} can't be read: {error.strerror}") from error


def _parsed(file: TextIO, path: Path) -> Cast:
    try:
        header = msgspec.json.decode(file.readline(LONGEST_LINE), type=Header)
    except msgspec.DecodeError as error:
        raise CastError(f"{path} is no recording (asciicast, version 2): {error}") from error
    if not (0 < header.height <= _MOST_CELLS and 0 < header.width <= _MOST_CELLS):
        raise CastError(f"{path} says that it has {header.width} by {header.height} cells")
    events = list(_events(file, path))
    title = header.title or ""
    return Cast(header.height, header.width, title, header.idle_time_limit, events)


_MOST_CELLS = 1000
"""Rows or columns of a terminal, as in the protocol."""

_EVENT = msgspec.json.Decoder(tuple[float, str, str])


def _events(file: TextIO, path: Path) -> Iterator[Event]:
    latest = 0.0
    for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), ""), 2):
        if not line.strip():
            continue
        try:
            at, kind, data = _EVENT.decode(line)
        except msgspec.DecodeError as error:
            if not line.endswith("\n"):  # cut off: whoever wrote it was stopped in the middle
                return
            raise CastError(f"{path}, line {number}: {error}") from error
        latest = max(latest, at)
        yield Event(latest, kind, data)
