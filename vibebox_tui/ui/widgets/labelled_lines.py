"""Lines that begin with what they are about; what is too long goes on below itself."""

from collections.abc import Iterable

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from vibebox_tui.ui.widgets.line import fingerprint

LabelledLine = tuple[Content, Content]
"""What a line is about, and what it says."""


class LabelledLines(Widget):
    """Shows labels in `label_cells` columns and their texts beside them, wrapped in their own. What
    surrounds it is laid out anew only where it takes more rows, or fewer."""

    DEFAULT_CSS = "LabelledLines { height: auto; }"

    def __init__(
        self,
        label_cells: int,
        lines: Iterable[LabelledLine] = (),
        *,
        heading: Content | None = None,
    ) -> None:
        super().__init__()
        self._label_cells = label_cells
        self._lines = list(lines)
        self._heading = heading
        self._rows_at: dict[int, list[Content]] = {}
        """What it shows at the width that was asked for last."""

    def show(self, lines: Iterable[LabelledLine]) -> None:
        """Show these in place of what was there; the same again costs no drawing."""
        shown = list(lines)
        if [*map(_look, shown)] != [*map(_look, self._lines)]:
            width = self.content_size.width
            before = len(self._wrapped(width)) if width else None
            self._lines, self._rows_at = shown, {}
            self.refresh(layout=before is None or len(self._wrapped(width)) != before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._wrapped(width))

    def render(self) -> Content:
        return Content("\n").join(self._wrapped(self.content_size.width))

    def _wrapped(self, width: int) -> list[Content]:
        if width not in self._rows_at:
            heading = [self._heading] if self._heading is not None else []
            rows = [*heading, *(row for line in self._lines for row in self._rows(line, width))]
            self._rows_at = {width: rows}
        return self._rows_at[width]

    def _rows(self, line: LabelledLine, width: int) -> list[Content]:
        label, text = line
        first, *rest = text.wrap(max(1, width - self._label_cells)) or [Content()]
        room = max(0, self._label_cells - label.cell_length)
        return [
            Content.assemble(label, " " * room, first),
            *(row.pad_left(self._label_cells) for row in rest),
        ]


def _look(line: LabelledLine) -> object:
    return [fingerprint(part) for part in line]
