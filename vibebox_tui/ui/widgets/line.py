"""One line of text that costs nothing while it says the same."""

from collections.abc import Sequence

from textual.content import Content, Span
from textual.widget import Widget

Fingerprint = tuple[str, Sequence[Span]]
"""A content's text and styles, to tell whether it has changed."""


class Line(Widget):
    """Shows `line`, and is painted anew only when that has changed.

    A subclass makes its reactives with `repaint=False` and calls `look_again` when one changes:
    most samples and most ticks of the clock change nothing that can be seen.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._painted: Fingerprint | None = None

    def line(self) -> Content:
        """What is to be seen now."""
        raise NotImplementedError

    def look_again(self) -> None:
        """Paint the line anew if it is another one now."""
        if self.is_mounted and fingerprint(self.line()) != self._painted:
            self.refresh()

    def render(self) -> Content:
        content = self.line()
        self._painted = fingerprint(content)
        return content


def fingerprint(content: Content) -> Fingerprint:
    """What tells one content from another: its text and its styles."""
    return content.plain, content.spans
