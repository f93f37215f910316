"""The screen that the parser drives: all of its layers, and its size."""

from dataclasses import replace
from itertools import chain

from .reflow import reflowed
from .system import SystemCommands


class Screen(SystemCommands):
    """pyte's screen made complete: grid, drawing, motion, editing, rectangles, modes, reports and
    system commands, each a layer in its own module."""

    def __init__(
        self,
        columns: int,
        lines: int,
        scrollback_lines: int,
        *,
        resizable: bool = False,
        clipboard_allowed: bool = False,
    ) -> None:
        self.clipboard_allowed = clipboard_allowed
        super().__init__(columns, lines, scrollback_lines, resizable)

    def reset(self) -> None:
        self.reset_reports()
        self.reset_system()
        super().reset()

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Change the size; the primary buffer's wrapped lines flow anew."""
        lines, columns = max(1, lines or self.lines), max(1, columns or self.columns)
        if (lines, columns) == (self.lines, self.columns):
            return
        stops = range(8 * (self.columns // 8 + 1), columns, 8)
        self.tabstops = {stop for stop in self.tabstops if stop < columns} | set(stops)
        self._resize_primary(lines, columns)
        self._resize_alternate(lines, columns)
        self.lines, self.columns = lines, columns
        self.rows = self.alternate if self.modes.alternate_screen else self.primary
        self.everything_changed = True
        self.reset_margins()
        self._find_prompt()

    def _find_prompt(self) -> None:
        """The newest prompt's line may be another object now."""
        newest = chain(reversed(self.primary), reversed(list(self.scrollback)))
        self.prompt = next((line for line in newest if "A" in line.mark), None)

    def _resize_primary(self, lines: int, columns: int) -> None:
        cursor, active = self.cursor, not self.modes.alternate_screen
        saved = self.saved[False]
        y = cursor.y if active else min(saved.y, self.lines - 1)
        self.primary, y = reflowed(self.scrollback, self.primary, y, lines, columns, self.columns)
        if not active:
            self.saved[False] = replace(saved, y=y)
            return
        cursor.y = y
        if cursor.pending and cursor.x < columns - 1:
            cursor.x += 1
        cursor.x = min(cursor.x, columns - 1)
        cursor.pending = False

    def _resize_alternate(self, lines: int, columns: int) -> None:
        rows, cursor = self.alternate, self.cursor
        active = self.modes.alternate_screen
        if len(rows) > lines:
            below = len(rows) - 1 - cursor.y if active else len(rows)
            dropped = len(rows) - lines
            del rows[len(rows) - min(below, dropped) :]
            above = len(rows) - lines
            del rows[:above]
            if active:
                cursor.y -= max(0, above)
        for line in rows:
            line.fit(columns)
            line.wrapped = False
        rows.extend(type(rows[0])() for _ in range(lines - len(rows)))
        if active:
            cursor.x = min(cursor.x, columns - 1)
            cursor.y = min(cursor.y, lines - 1)
            cursor.pending = False
