"""A primary screen and its scrollback at another size: wrapped lines flow anew."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .line import Line
from .scrollback import Scrollback
from .style import PLAIN, Style


@dataclass(frozen=True, slots=True)
class Flow:
    """The rows of a screen of the new size, and the cursor's place in them."""

    rows: list[Line]
    y: int
    x: int


@dataclass(slots=True)
class _Paragraph:
    """Lines that were one line of text before the margin broke them."""

    lines: list[Line]
    cursor: tuple[int, int] | None = None
    """The cursor's line among them, and its column."""


def reflowed(
    scrollback: Scrollback,
    rows: list[Line],
    cursor: tuple[int, int],
    height: int,
    width: int,
    old_width: int,
) -> Flow:
    """The rows at `height` by `width`. Where there are too many, blank ones below the cursor go
    first, then those on top go to the scrollback; where there are too few, lines come back from
    it if the text ran on from there. `rows` and `scrollback` are used up."""
    y, x = cursor
    history, old_height = list(scrollback.lines), len(rows)
    grown = max(0, height - old_height) if y == old_height - 1 else 0
    lines, top, place = history + rows, len(history), (len(history) + y, x)
    if width != old_width:
        lines, top, place = _rewrapped(lines, top, place, width, old_width)
    pulled = max(0, old_height - (len(lines) - top)) + grown
    top -= min(top, pulled)
    top = _trimmed(lines, top, place[0], height)
    shown = lines[top:]
    scrollback.replace(lines[:top])
    shown.extend(Line() for _ in range(height - len(shown)))
    for line in shown:
        line.changed = True
    return Flow(shown, place[0] - top, min(place[1], width - 1))


def _trimmed(lines: list[Line], top: int, cursor: int, height: int) -> int:
    """Where the screen begins in `lines`, whose end is cut as far as it has no room."""
    excess = len(lines) - top - height
    if excess <= 0:
        return top
    blank = min(excess, _blank_rows_below(lines, cursor))
    del lines[len(lines) - blank :]
    top = min(top + excess - blank, cursor)
    del lines[top + height :]
    return top


def _blank_rows_below(rows: list[Line], y: int) -> int:
    count = 0
    for line in reversed(rows[y + 1 :]):
        if line.content_length():
            break
        count += 1
    return count


def _rewrapped(
    lines: list[Line], top: int, place: tuple[int, int], width: int, old_width: int
) -> tuple[list[Line], int, tuple[int, int]]:
    """The lines at the new width, where the screen's first is among them, and the cursor."""
    result: list[Line] = []
    number, new_top, new_place = 0, 0, (0, 0)
    for paragraph in _paragraphs(lines, place):
        first, count = len(result), len(paragraph.lines)
        if count == 1 and paragraph.lines[0].content_length() <= width:
            line = paragraph.lines[0]
            line.fit(width)
            line.close()
            result.append(line)
            cursor = first, place[1]
        else:
            cursor = _wrap(paragraph, width, old_width, result)
        if paragraph.cursor is not None:
            new_place = cursor
        if number <= top < number + count:
            columns_above = (top - number) * old_width
            new_top = min(first + columns_above // width, len(result) - 1)
        number += count
    new_place = new_place[0], min(new_place[1], width - 1)
    return result, new_top, new_place


def _paragraphs(lines: Iterable[Line], place: tuple[int, int]) -> Iterator[_Paragraph]:
    paragraph = _Paragraph([])
    for number, line in enumerate(lines):
        if number == place[0]:
            paragraph.cursor = len(paragraph.lines), place[1]
        paragraph.lines.append(line)
        if not line.wrapped:
            yield paragraph
            paragraph = _Paragraph([])
    if paragraph.lines:
        yield paragraph


def _wrap(paragraph: _Paragraph, width: int, old_width: int, result: list[Line]) -> tuple[int, int]:
    """Append the paragraph's lines at the new width; the cursor's place among the results."""
    cells, styles, offset = _joined(paragraph, old_width)
    first, start, place = len(result), 0, (len(result), 0)
    mark = "".join(dict.fromkeys("".join(line.mark for line in paragraph.lines)))
    while True:
        end = start + width
        if end < len(cells) and not cells[end] and width > 1:
            end -= 1
        line = Line()
        line.open(width)
        count = len(cells[start:end])
        line.cells[:count] = cells[start:end]  # type: ignore[index]
        line.styles[:count] = styles[start:end]
        line.wide = True
        line.wrapped = end < len(cells)
        if offset is not None and start <= offset and (offset < end or end >= len(cells)):
            place = len(result), offset - start
        line.close()
        result.append(line)
        start = end
        if start >= len(cells):
            break
    result[first].mark = mark
    return place


def _joined(paragraph: _Paragraph, old_width: int) -> tuple[list[str], list[Style], int | None]:
    """The paragraph as one row of cells, and the cursor's offset in it."""
    cells: list[str] = []
    styles: list[Style] = []
    offset = None
    for number, line in enumerate(paragraph.lines):
        if paragraph.cursor is not None and paragraph.cursor[0] == number:
            offset = len(cells) + paragraph.cursor[1]
        last = number == len(paragraph.lines) - 1
        length = line.content_length() if last else old_width
        cells += line.open(old_width)[:length]
        styles += line.styles[:length]
        if not last and cells[-1] == " " and styles[-1] is PLAIN:
            _drop_column_left_for_wide(cells, styles, paragraph.lines[number + 1], old_width)
    return cells, styles, offset


def _drop_column_left_for_wide(
    cells: list[str], styles: list[Style], following: Line, old_width: int
) -> None:
    """Take out the last column where it was only left because a wide character needed two."""
    ahead = following.open(old_width)
    if len(ahead) > 1 and not ahead[1]:
        cells.pop()
        styles.pop()
