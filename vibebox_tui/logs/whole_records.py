"""Entries from the middle of a log as records: what may have begun before them is set apart."""

from collections.abc import Sequence

from vibebox_tui.logs.chunk import CONTINUATION
from vibebox_tui.logs.levels import Level, recognise
from vibebox_tui.logs.line_reader import RECORD_LINES, LineReader
from vibebox_tui.logs.records import RecordReader
from vibebox_tui.protocol.messages import LogEntry

Entries = list[LogEntry]


def whole_records(
    entries: Sequence[LogEntry], *, from_start: bool = False
) -> tuple[Entries, list[Entries]]:
    """The entries in front that may go on with a record from before them, and the records behind
    those. `from_start` says that there is nothing before them.
    """
    start = 0 if from_start else _first_certain(entries)
    reader = LineReader()
    records: list[Entries] = []
    for entry in entries[start:]:
        (_, _, _, flags, _), *_ = reader.read([entry])
        if records and flags & CONTINUATION:
            records[-1].append(entry)
        else:
            records.append([entry])
    return list(entries[:start]), records


def _first_certain(entries: Sequence[LogEntry]) -> int:
    """The index of the first entry that begins a record, whatever was before."""
    readers = RecordReader.within_whatever()
    for index, entry in enumerate(entries[:RECORD_LINES]):
        if index and entry.stream != entries[index - 1].stream:
            return index
        head = entry.message.rstrip("\r\n").partition("\n")[0]
        is_error = recognise(head) >= Level.ERROR
        goes_on = [each.continues(head, is_error=is_error) for each in readers]
        if not any(goes_on):
            return index
    return min(len(entries), RECORD_LINES)
