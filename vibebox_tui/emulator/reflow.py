"""A primary screen and its scrollback at another size: wrapped lines flow anew.

As in xterm.js: the lines that the cursor is in are cut or filled up only, for the program that
has the cursor there, mostly a shell's line editor, draws them anew and counts on its own idea of
them. The bottom of the screen keeps its place where there is scrollback, the top otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .line import Line
from .scrollback import Scrollback
from .style import PLAIN, Style


@dataclass(slots=True)
class Flow:
    """Lines, the first of which that is on the screen, and the cursor's."""

    lines: list[Line]
    top: int
    y: int


@dataclass(slots=True)
class _Paragraph:
    """Lines that were one line of text before the margin broke them."""

    lines: list[Line] = field(default_factory=list)
    has_cursor: bool = False


def reflowed(
    scrollback: Scrollback, rows: list[Line], y: int, height: int, width: int, old_width: int
) -> tuple[list[Line], int]:
    """The screen's rows at `height` by `width` and the cursor's among them; what has no room at
    the top is in the scrollback, what has comes back from it. `rows` is used up."""
    history = list(scrollback)
    flow = Flow(history + rows, len(history), len(history) + y)
    _change_height(flow, height)
    if width != old_width:
        flow = _rewrapped(flow, width, old_width, height)
    shown = flow.lines[flow.top :]
    shown.extend(Line() for _ in range(height - len(shown)))
    scrollback.replace(flow.lines[: flow.top])
    for line in shown:
        line.changed = True
    return shown, flow.y - flow.top


def _change_height(flow: Flow, height: int) -> None:
    excess = len(flow.lines) - flow.top - height
    if excess > 0:
        _drop_rows(flow, excess)
    elif flow.y == len(flow.lines) - 1:
        flow.top += max(excess, -flow.top)


def _drop_rows(flow: Flow, excess: int) -> None:
    """Take rows away: those below the cursor, then, to the scrollback, those on top."""
    below = min(excess, len(flow.lines) - 1 - flow.y)
    del flow.lines[len(flow.lines) - below :]
    flow.top += excess - below


def _rewrapped(flow: Flow, width: int, old_width: int, height: int) -> Flow:
    result = Flow([], 0, 0)
    for paragraph in _paragraphs(flow):
        if paragraph.has_cursor:
            result.y = len(result.lines) + flow.y - _position(flow, paragraph)
        result.lines += _flowed(paragraph, width, old_width)
    excess = len(result.lines) - height
    if excess > 0 and flow.top == 0:
        _drop_rows(result, excess)
    else:
        result.top = min(max(0, excess), result.y)
        del result.lines[result.top + height :]
    return result


def _position(flow: Flow, paragraph: _Paragraph) -> int:
    """The number of the first line of the cursor's paragraph."""
    first = paragraph.lines[0]
    start = flow.y
    while flow.lines[start] is not first:
        start -= 1
    return start


def _paragraphs(flow: Flow) -> Iterator[_Paragraph]:
    paragraph = _Paragraph()
    for number, line in enumerate(flow.lines):
        paragraph.lines.append(line)
        paragraph.has_cursor = paragraph.has_cursor or number == flow.y
        if not line.wrapped:
            yield paragraph
            paragraph = _Paragraph()
    if paragraph.lines:
        yield paragraph


def _flowed(paragraph: _Paragraph, width: int, old_width: int) -> list[Line]:
    lines = paragraph.lines
    if paragraph.has_cursor or (len(lines) == 1 and lines[0].content_length() <= width):
        for line in lines:
            line.fit(width)
        return lines
    cells, styles = _joined(lines, old_width)
    marks = dict.fromkeys("".join(line.mark for line in lines))
    flowed = list(_wrapped(cells, styles, width))
    flowed[0].mark = "".join(marks)
    statuses = (line.exit_status for line in lines)
    flowed[0].exit_status = next((status for status in statuses if status is not None), None)
    return flowed


def _wrapped(cells: list[str], styles: list[Style], width: int) -> Iterator[Line]:
    start, count = 0, len(cells)
    while True:
        end = start + width
        if end < count and not cells[end] and width > 1:
            end -= 1
        line = Line.of_cells(cells[start:end], styles[start:end])
        line.wrapped = end < count
        yield line
        if not line.wrapped:
            return
        start = end


def _joined(lines: list[Line], old_width: int) -> tuple[list[str], list[Style]]:
    """Lines as one row of cells."""
    cells: list[str] = []
    styles: list[Style] = []
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        length = line.content_length() if following is None else old_width
        cells += line.open(old_width)[:length]
        styles += line.styles[:length]
        if following is not None and _was_left_for_wide(cells, styles, following, old_width):
            cells.pop()
            styles.pop()
    return cells, styles


def _was_left_for_wide(
    cells: list[str], styles: list[Style], following: Line, old_width: int
) -> bool:
    """Whether the last column stayed blank because a wide character needed two."""
    ahead = following.open(old_width)
    return cells[-1] == " " and styles[-1] is PLAIN and len(ahead) > 1 and not ahead[1]
