"""A line to type in that leaves everything around it in its place."""

from textual.geometry import Size
from textual.reactive import reactive
from textual.widgets import Input


class LineInput(Input):
    """Textual's `Input`, for where its width doesn't depend on what is typed.

    Textual lays out the whole screen anew after each character of its own.
    """

    virtual_size = reactive(Size(0, 0), layout=False)
