"""What is rendered of a screen on which something has changed: those cells, and no others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from rich.segment import Segment
from textual.app import ComposeResult
from textual.events import Resize
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tests.support import wait_for
from vibebox_tui.ui.output import FrugalApp
from vibebox_tui.ui.output.compositor import FrugalCompositor, FrugalScreen, Patch

Cells = dict[tuple[int, int], str]
"""Characters by column and row of the screen."""


class Sheet(Widget):
    """Rows of one letter, which is another one after each `turn`; counts the rows it renders."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.letter = name[0]
        self.rendered = 0
        self.told: list[Size] = []

    def on_resize(self, event: Resize) -> None:
        self.told.append(event.size)

    def render_line(self, y: int) -> Strip:
        self.rendered += 1
        return Strip([Segment(self.letter * self.size.width)], self.size.width)

    def turn(self, *regions: Region) -> None:
        self.letter = self.letter.swapcase()
        self.rendered = 0
        self.refresh(*regions)


class Sheets(FrugalApp[None]):
    """`below` all over the screen, `above` a part of it, `frame` around `inner` beside that."""

    CSS = """
    Screen { layers: low high; }
    #below { layer: low; width: 100%; height: 100%; }
    #above { layer: high; width: 6; height: 3; offset: 2 1; }
    #frame { layer: high; width: 8; height: 5; offset: 12 0; border: solid white; }
    #inner { width: 100%; height: 100%; }
    """

    def compose(self) -> ComposeResult:
        yield Sheet("below")
        yield Sheet("above")
        with Sheet("frame"):
            yield Sheet("inner")


async def test_a_widget_that_is_looked_for_before_it_is_laid_out_hears_of_its_size() -> None:
    async with sheets() as app:
        above = app.query_one("#above", Sheet)
        above.display = False
        await wait_for(lambda: above not in app.screen._compositor.widgets)
        above.told.clear()
        above.display = True
        cast("FrugalScreen[None]", app.screen).draw_now(above)
        assert above.region.size == (6, 3)
        await wait_for(lambda: above.told == [(6, 3)])


async def test_a_marked_region_is_all_that_is_rendered() -> None:
    async with sheets() as app:
        below = app.query_one("#below", Sheet)
        below.turn(Region(0, 6, 3, 2))
        assert update(app) == {(x, y): "B" for x in range(3) for y in (6, 7)}
        assert below.rendered == 2


async def test_what_lies_before_a_widget_stays_and_is_not_rendered() -> None:
    async with sheets() as app:
        above = app.query_one("#above", Sheet)
        above.rendered = 0
        app.query_one("#below", Sheet).turn(Region(0, 1, 20, 1))
        cells = update(app)
        assert "".join(cells[x, 1] for x in range(2)) == "BB"
        assert "".join(cells[x, 1] for x in range(2, 8)) == "aaaaaa"
        assert above.rendered == 0, "its rows are the ones that it rendered before"


async def test_a_widget_behind_others_is_not_rendered_where_they_are() -> None:
    async with sheets() as app:
        below = app.query_one("#below", Sheet)
        below.turn(Region(2, 1, 6, 3))
        assert set(update(app).values()) == {"a"}
        assert below.rendered == 0


async def test_several_updates_are_what_a_whole_picture_would_be() -> None:
    async with sheets() as app:
        app.query_one("#below", Sheet).turn(Region(0, 0, 24, 4), Region(0, 4, 24, 4))
        app.query_one("#frame", Sheet).turn(Region(-1, -1, 8, 1))
        app.query_one("#inner", Sheet).turn(Region(1, 1, 2, 9))
        compositor = app.screen._compositor
        cells = update(app)
        whole = {
            (x, y): character
            for y, strip in enumerate(compositor.render_strips())
            for x, character in enumerate(strip.text)
        }
        assert cells == whole


async def test_nothing_marked_is_nothing_rendered() -> None:
    async with sheets() as app:
        assert app.screen._compositor.render_update() is None


@asynccontextmanager
async def sheets() -> AsyncIterator[Sheets]:
    """The sheets on a small screen, drawn."""
    app = Sheets()
    async with app.run_test(size=(24, 8)) as pilot:
        await pilot.pause()
        yield app


def update(app: Sheets) -> Cells:
    """What is rendered now, of all that has been marked."""
    compositor = app.screen._compositor
    assert isinstance(compositor, FrugalCompositor)
    compositor.update_widgets(set(app.query(Sheet)))
    patch = compositor.render_update()
    assert isinstance(patch, Patch)
    cells: Cells = {}
    for x, y, strip in patch.pieces:
        for place, character in enumerate(strip.text, x):
            assert (place, y) not in cells, "no cell is rendered twice"
            cells[place, y] = character
    return cells
