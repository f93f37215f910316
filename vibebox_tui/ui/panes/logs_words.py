"""What the log pane says in words: interruptions, holes, and where one is in the log."""

from datetime import datetime, tzinfo

from vibebox_tui.client.events import LogHole, LogResumed
from vibebox_tui.logs.document import Document
from vibebox_tui.logs.filters import Selection
from vibebox_tui.logs.levels import Level
from vibebox_tui.logs.viewport import Viewport
from vibebox_tui.ui.glyphs import Glyphs


class Completeness:
    """Whether every line since the pane began to follow has arrived, as far as one can know."""

    def __init__(self) -> None:
        self.missing = 0
        self._is_proven = True

    def note_resumed(self, event: LogResumed) -> None:
        """Take note of how an interruption ended; what is missing is told as holes besides."""
        self._is_proven = self._is_proven and event.complete is not None

    def note_hole(self, event: LogHole) -> None:
        """Take note of lines that can't be had any more."""
        if event.first is None or event.last is None:
            self._is_proven = False
        else:
            self.missing += event.last - event.first + 1

    def __str__(self) -> str:
        if self.missing:
            return f"{self.missing:,} missing"
        return "complete" if self._is_proven else "completeness unknown"


def interruption(event: LogResumed, glyphs: Glyphs, zone: tzinfo | None = None) -> str:
    """`link lost 14:02:10–14:02:31 · 137 lines caught up · complete`."""
    dash = "–" if glyphs.unicode else "-"
    when = f"{_clock(event.lost_at, zone)}{dash}{_clock(event.restored_at, zone)}"
    caught_up = f"{event.caught_up:,} {_plural('line', event.caught_up)} caught up"
    return f" {glyphs.separator} ".join([f"link lost {when}", caught_up, _outcome(event)])


def beginning(lost: int) -> str:
    """Why there is nothing before the oldest line: the log begins, or retention deleted it."""
    if lost:
        return f"{lost:,} older {_plural('line', lost)} deleted: the server keeps no more"
    return "the log begins here"


def hole(event: LogHole) -> str:
    """`lines 12 to 40 are gone: deleted by retention`."""
    if event.first is None or event.last is None:
        return f"lines may be missing here: {event.why}"
    if event.first == event.last:
        return f"line {event.first:,} is gone: {event.why}"
    return f"lines {event.first:,} to {event.last:,} are gone: {event.why}"


def position_text(
    document: Document,
    viewport: Viewport,
    completeness: Completeness,
    glyphs: Glyphs,
    *,
    is_cut_off: bool = False,
    is_detached: bool = False,
) -> str:
    """Where one is: `FOLLOW · +0 new · 8,412 kept · complete`.

    While the link is down (`is_cut_off`) nobody knows what there is beyond; `is_detached` says
    that the newest lines aren't in memory.
    """
    more = " and more" if is_detached else ""
    new = viewport.new_lines + (document.parked if document.selection.passes_all else 0)
    parts = ["FOLLOW" if viewport.following else "PAUSED", f"+{new:,} new{more}"]
    kept = f"{document.ring.kept:,} kept"
    if document.selection.passes_all:
        parts.append(kept)
    else:
        parts.append(f"{len(document.view):,} of {kept}")
    if document.found is not None:
        parts.append(_hits(document))
    if not document.is_complete:
        parts.append(f"{document.progress:.0%} read")
    parts.append("cut off" if is_cut_off else str(completeness))
    return f" {glyphs.separator} ".join(parts)


def emptiness(document: Document) -> str:
    """Why there is no line to show."""
    if not document.is_complete:
        return "Looking for lines that pass the filters"
    if not len(document.ring):
        return "Nothing has been logged yet."
    return "No line passes the filters: & and Enter take them off, k looks further back."


def selection_text(selection: Selection, glyphs: Glyphs) -> str:
    """What is shown of the log, where that isn't all: `stderr >=warn timeout -health`."""
    parts: list[str] = [] if selection.stream == "all" else [selection.stream]
    if selection.lowest > Level.TRACE:
        parts.append(f"{'≥' if glyphs.unicode else '>='}{selection.lowest.name.lower()}")
    parts.extend(f"&{each.source}" for each in selection.filters if each.enabled)
    return "  ".join(parts)


def given_up(document: Document) -> str:
    """What to add where marked lines are copied or saved, if not all of them are."""
    count = document.ring.lost_marks.given_up
    return f" {count:,} more {_plural('mark', count)} were too many to keep." if count else ""


def _hits(document: Document) -> str:
    assert document.found is not None, "asked only while something is searched for"
    count = len(document.found)
    return f"{count:,} {_plural('hit', count)}"


def _outcome(event: LogResumed) -> str:
    if event.missing:
        return f"{event.missing:,} {_plural('line', event.missing)} missing"
    if event.complete is None:
        return "completeness unknown"
    return "complete" if event.complete else "incomplete"


def _clock(seconds: float, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(seconds, zone).strftime("%H:%M:%S")


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
