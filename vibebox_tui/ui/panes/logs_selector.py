"""What the log pane shows of its log: lines that pass, hits, records folded or open."""

from vibebox_tui.logs.filters import Selection
from vibebox_tui.logs.patterns import Pattern
from vibebox_tui.ui.panes.logs_reader import SLICE_SECONDS, LogReader
from vibebox_tui.ui.widgets.log_view import LogView


class LogSelector(LogReader):
    """Shows of a log what is asked for; the line that the cursor is on stays where it can."""

    def select(self, selection: Selection) -> None:
        """Show something else of the log, around the line that the cursor is on."""
        self.document.select(selection)
        self._show_anew()
        self.retitle()

    def look_for(self, pattern: Pattern | None) -> None:
        """Mark and count what `pattern` finds among what is shown."""
        self.document.search(pattern)
        self.log_view.pattern = pattern
        self._repaint_now()

    def collapse(self, collapses: bool) -> None:
        """Show records that say the same again once, with a count; or all of them."""
        self.document.collapse(collapses)
        self._show_anew()

    def fold(self, folds: bool) -> None:
        """Show of each record only the first line, or all of them."""
        self.document.fold(folds)
        self._show_anew()

    def on_log_view_turned(self, event: LogView.Turned) -> None:
        event.stop()
        self.document.turn(event.position)
        self._show_anew()

    def go_to_line(self, position: int) -> None:
        """Go to a line, also where it is folded into another one: then that is opened."""
        if self.document.is_hidden(position):
            self.document.turn(position)
            self._show_anew()
        self.log_view.go_to(position)

    def _show_anew(self) -> None:
        self.document.scan(SLICE_SECONDS, self._near)
        self.log_view.show_view(self.document.view)
        self._repaint_now()
