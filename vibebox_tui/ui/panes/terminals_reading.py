"""Reading in a terminal's text instead of typing into it: copy mode, search, selection."""

from collections.abc import Callable
from dataclasses import dataclass

from rich.style import Style as RichStyle

from vibebox_tui.ui.panes.terminals_copy import CopyMode, Selection, Span, Wish
from vibebox_tui.ui.panes.terminals_links import address_at
from vibebox_tui.ui.panes.terminals_search import Hit, Search
from vibebox_tui.ui.widgets.terminal_paint import Mark
from vibebox_tui.ui.widgets.terminal_text import Cell
from vibebox_tui.ui.widgets.terminal_view import TerminalView

DOUBLE, TRIPLE = 2, 3
"""Clicks that select a word and a line."""

_AS_ANY_OTHER = RichStyle(reverse=False, dim=False, conceal=False)
"""What is marked looks the same, however the program draws it."""

NO_PROMPTS = "The shell marks no prompts (OSC 133); the guide says how to have it do so"


@dataclass(frozen=True, slots=True)
class Asks:
    """What reading needs from who shows it.

    `copy` takes text for the clipboard, `open` an address to open, `search_text` has the user
    asked for something to search for (backwards where true), `say` tells the user something.
    """

    copy: Callable[[str], None]
    open: Callable[[str], None]
    search_text: Callable[[bool], None]
    say: Callable[[str], None]


class Reading:
    """Copy mode in `view`, begun and left as often as one likes."""

    def __init__(self, view: TerminalView, asks: Asks) -> None:
        self._view = view
        self._asks = asks
        self._mode: CopyMode | None = None
        self._search: Search | None = None
        self._is_backward = False
        self._present_hit: Hit | None = None
        self._depth = 0.0
        """How far up in the text the point is: 0 at its last line, 1 at its first."""
        self._has_changed = False
        self._anchor: Cell | None = None
        self._clicks = 1
        self._is_by_mouse = False

    @property
    def is_active(self) -> bool:
        """Whether keys belong to copy mode."""
        self._follow_text()
        return self._mode is not None

    @property
    def is_by_mouse(self) -> bool:
        """Whether all there is is a selection made by mouse: any key ends it."""
        return self.is_active and self._is_by_mouse

    @property
    def words(self) -> str:
        """What the border says of it."""
        if self._mode is None or self._is_by_mouse:
            return ""
        if self._search is None or not self._search.pattern:
            return "copy mode"
        hits = len(self._search.hits)
        at = self._search.position(self._present_hit) if self._present_hit else 0
        return f"copy mode · {at}/{hits}"

    def begin(self, at: Cell | None = None) -> None:
        """Enter copy mode, at a cell or where the terminal's cursor is."""
        text = self._view.text
        if text is None or self.is_active:
            return
        cursor = text.emulator.cursor
        point = at or Cell(cursor.row + text.scrolled, cursor.column)
        self._mode = CopyMode(text, point, page=max(2, self._view.size.height))
        self._view.holds_still = True
        self._draw()

    def leave(self) -> None:
        """Back to the present screen; what was found or selected is forgotten."""
        self._mode = self._search = self._present_hit = None
        self._view.holds_still = self._is_by_mouse = False
        self._view.mark(None)
        self._view.back = 0

    def press(self, key: str) -> None:
        """Do what a key means in copy mode."""
        self._catch_up()
        if self._mode is None:
            return
        match self._mode.press(key):
            case None:
                self._draw()
            case Wish.LEAVE:
                self._leave_or_deselect()
            case Wish.COPY:
                self.copy()
            case Wish.OPEN:
                self._open()
            case Wish.SEARCH:
                self._asks.search_text(False)
            case Wish.SEARCH_BACK:
                self._asks.search_text(True)
            case Wish.PROMPT_BEFORE:
                self.go_to_prompt(-1)
            case Wish.PROMPT_AFTER:
                self.go_to_prompt(1)
            case Wish.NEXT:
                self._go_to_hit(backward=self._is_backward)
            case Wish.PREVIOUS:
                self._go_to_hit(backward=not self._is_backward)

    def go_to_prompt(self, step: int) -> None:
        """Go to the next prompt, or to the one before where `step` is negative."""
        if self._mode is not None and not self._mode.go_to_prompt(step):
            self._asks.say(NO_PROMPTS if not self._mode.text.prompts() else "No further prompt")
        self._draw()

    def text_changed(self) -> None:
        """There is other text than was searched: the next hit may be in it."""
        self._has_changed = True
        self._follow_text()

    def search(self, pattern: str, *, backward: bool) -> None:
        """Mark all hits of `pattern` and go to the nearest one."""
        self._catch_up()
        self.begin()
        self._is_by_mouse = False
        if self._mode is None:
            return
        self._search = Search(pattern, self._mode.text)
        self._has_changed = False
        self._is_backward = backward
        self._present_hit = None
        if not self._search.hits and pattern:
            self._asks.say(f"“{pattern}” isn't in this terminal's text")
        self._go_to_hit(backward=backward)

    # --- by mouse --------------------------------------------------------------------------

    def press_at(self, cell: Cell, *, clicks: int) -> None:
        """The button went down: a selection begins here; of a word or a line at more clicks."""
        if self.is_by_mouse:
            self.leave()
        elif self.is_active:
            self.leave_selection()
        self._anchor, self._clicks = cell, clicks
        if clicks > 1:
            self.drag_to(cell)

    def drag_to(self, cell: Cell) -> None:
        """The mouse moved with its button down: the selection ends here."""
        if self._anchor is None or (self._clicks == 1 and self._has_not_left(cell)):
            return
        if not self.is_active:
            self.begin(self._anchor)
            self._is_by_mouse = True
        if self._mode is None:
            return
        self._mode.selection = Selection(self._anchor, by_line=self._clicks >= TRIPLE)
        self._mode.move(cell)
        if self._clicks == DOUBLE:
            self._widen_to_words(self._mode)
        self._draw()

    def release(self) -> None:
        """The button went up: what is selected is copied, and stays marked."""
        self._anchor = None
        if self._mode is not None and self._mode.selection is not None:
            self._asks.copy(self._mode.selected_text())

    def _has_not_left(self, cell: Cell) -> bool:
        """Whether the mouse is where its button went down, and always was: a click is none."""
        selects = self._mode is not None and self._mode.selection is not None
        return cell == self._anchor and not selects

    def leave_selection(self) -> None:
        """Select nothing any more."""
        if self._mode is not None:
            self._mode.selection = None
            self._draw()

    def _widen_to_words(self, mode: CopyMode) -> None:
        if (span := mode.span) is None:
            return
        start, end = word_around(mode, span.start), word_around(mode, span.end)
        mode.selection = Selection(start.start)
        mode.move(end.end)

    # ---------------------------------------------------------------------------------------

    def copy(self) -> None:
        """Copy what is selected, or the link under the point, and leave."""
        if self._mode is None:
            return
        if text := self._mode.selected_text() or self._address(self._mode):
            self._asks.copy(text)
            self.leave()
        else:
            self._asks.say("Nothing is selected: v selects, V selects lines")

    def _leave_or_deselect(self) -> None:
        if self._mode is not None and self._mode.selection is not None:
            self.leave_selection()
        else:
            self.leave()

    def _open(self) -> None:
        if self._mode is None:
            return
        if address := self._address(self._mode):
            self._asks.open(address)
        else:
            self._asks.say("There is no link under the cursor")

    @staticmethod
    def _address(mode: CopyMode) -> str:
        return address_at(mode.text, mode.point)

    def _catch_up(self) -> None:
        """Number the lines that have come since the last frame: else places would be others."""
        if self._view.draw_changes():
            self.text_changed()

    def _follow_text(self) -> None:
        """Go on where one was after the text has flown anew: at the same hit, or about there; in
        another terminal's text one wasn't anywhere."""
        mode, text = self._mode, self._view.text
        if mode is None or mode.text is text:
            return
        if text is None or text.emulator is not mode.text.emulator or self._is_by_mouse:
            self.leave()
            return
        search, hit = self._search, self._present_hit
        self._mode = self._search = self._present_hit = None
        self.begin(Cell(text.last - round(self._depth * (text.last - text.first)), 0))
        if search is not None:
            self._search = found = Search(search.pattern, text)
            if hit is not None and found.hits:
                after = len(search.hits) - search.position(hit)
                self._go_to(found.hits[max(0, len(found.hits) - 1 - after)])
        self._draw()

    def _go_to_hit(self, *, backward: bool) -> None:
        if self._mode is None or self._search is None:
            return
        if self._has_changed:
            self._search, self._has_changed = self._search.again(), False
        find = self._search.before if backward else self._search.after
        if hit := find(self._mode.point):
            self._go_to(hit)
        self._draw()

    def _go_to(self, hit: Hit) -> None:
        if self._mode is not None:
            self._present_hit = hit
            self._mode.move(hit.start)

    def _draw(self) -> None:
        if self._mode is None:
            return
        text, line = self._mode.text, self._mode.point.line
        self._depth = (text.last - line) / max(1, text.last - text.first)
        self._view.reveal(line)
        self._view.mark(self._marks_of, self._mode.point)

    def _marks_of(self, line: int) -> list[Mark]:
        marks = []
        for hit in self._search.in_line(line) if self._search else ():
            look = "terminal--present-hit" if hit == self._present_hit else "terminal--hit"
            marks.append(self._mark(line, Span(*hit), look))
        span = self._mode.span if self._mode else None
        if span is not None and span.start.line <= line <= span.end.line:
            marks.append(self._mark(line, span, "terminal--selection"))
        return marks

    def _mark(self, line: int, span: Span, look: str) -> Mark:
        """The part of a span that is in `line`."""
        start = span.start.column if line == span.start.line else 0
        end = span.end.column + 1 if line == span.end.line else self._view.size.width
        return Mark(start, end, _AS_ANY_OTHER + self._view.component_style(look))


def word_around(mode: CopyMode, cell: Cell) -> Span:
    """The characters around `cell` up to the next blanks; paths and addresses are one word."""
    cells = mode.text.cells(cell.line)
    if cell.column >= len(cells) or cells[cell.column].isspace():
        return Span(cell, cell)
    start = end = cell.column
    while start > 0 and not cells[start - 1].isspace():
        start -= 1
    while end + 1 < len(cells) and not cells[end + 1].isspace():
        end += 1
    return Span(Cell(cell.line, start), Cell(cell.line, end))
