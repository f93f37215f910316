"""The way of a frame to the user's terminal, where Textual's own is too slow or says too much."""

from textual.screen import Screen
from textual.widget import Widget


def draw_now(widget: Widget) -> None:
    """Draw what `widget` has marked for a refresh at once.

    Textual draws at the next tick of a timer, up to a sixtieth of a second later, and after two
    more messages; an echo of a key is not to wait for that.
    """
    if not widget.is_attached:
        return
    screen: Screen[object] = widget.screen
    if screen.is_current and not widget.app._batch_count:
        screen._dirty_widgets.add(widget)
        screen._on_timer_update()
