"""Lines to a file, as text, JSON lines or CSV: streamed, and never half a file."""

import csv
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.ansi import plain
from vibebox_tui.logs.ring import Line
from vibebox_tui.logs.times import to_iso

STEP_LINES: Final = 2000
"""Lines between two looks at whether to go on."""


class Format(StrEnum):
    """What a file of lines is, by the ending of its name."""

    TEXT = "text"
    JSON_LINES = "JSON lines"
    CSV = "CSV"

    @classmethod
    def of(cls, file: Path) -> "Format":
        """The format for a file's name; text unless it ends in `.jsonl`, `.ndjson` or `.csv`."""
        match file.suffix.lower():
            case ".jsonl" | ".ndjson" | ".json":
                return cls.JSON_LINES
            case ".csv":
                return cls.CSV
            case _:
                return cls.TEXT


class ExportError(VibeBoxError):
    """The file can't be written."""


def export(
    lines: Iterator[Line],
    total: int,
    file: Path,
    names: Sequence[str],
    goes_on: Callable[[float], bool],
) -> int | None:
    """Write `lines` to `file` and return how many there were; None where it was cancelled.

    `goes_on` is asked every now and then, and told how much is done of the `total`, 0.0 to 1.0.
    The file appears under its name, replacing another, only when it is whole. `names` are the
    environments' by the lines' sources. Blocks: call it in a thread.

    Raises:
        ExportError: there is no such directory, no room, no permission.
    """
    try:
        handle, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise ExportError(f"can't write {file}: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as output:
            written = _write(lines, total, Format.of(file), output, names, goes_on)
        if written is not None:
            Path(part).replace(file)
    except OSError as error:
        raise ExportError(f"can't write {file}: {error.strerror}") from error
    finally:
        Path(part).unlink(missing_ok=True)
    return written


def named_text(line: Line, names: Sequence[str]) -> str:
    """A line without controls, behind its environment's name where there are several."""
    text = plain(line.text)
    if len(names) < 2:
        return text
    return f"{names[line.source].ljust(max(map(len, names)))} {text}"


def json_line(record: dict[str, object]) -> str:
    """A record as one line of JSON, in which no control character stands as itself."""
    text = msgspec.json.encode(record).decode()
    if not text.isprintable():
        text = _UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text + "\n"


_UNESCAPED: Final = re.compile("[\x7f-\x9f]")
"""Control characters that JSON doesn't make one escape."""


def _write(
    lines: Iterator[Line],
    total: int,
    form: Format,
    output: io.TextIOBase,
    names: Sequence[str],
    goes_on: Callable[[float], bool],
) -> int | None:
    written = 0
    if form is Format.CSV:
        csv.writer(output).writerow(_COLUMNS)
    for line in lines:
        output.write(_text(line, form, names))
        written += 1
        if written % STEP_LINES == 0 and not goes_on(written / max(total, written)):
            return None
    return written


_COLUMNS: Final = ("environment", "seq", "timestamp", "stream", "level", "message")


def _text(line: Line, form: Format, names: Sequence[str]) -> str:
    if form is Format.TEXT:
        return named_text(line, names) + "\n"
    values = (
        names[line.source] if line.source < len(names) else "",
        line.seq or None,
        to_iso(line.time) if line.time else None,
        line.stream,
        line.level.name.lower(),
        plain(line.text),
    )
    if form is Format.JSON_LINES:
        return json_line(dict(zip(_COLUMNS, values, strict=True)))
    row = io.StringIO()
    csv.writer(row).writerow(values)
    return row.getvalue()
