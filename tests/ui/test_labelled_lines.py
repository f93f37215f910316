"""Labels at the left, texts beside them that go on in their own columns."""

from textual.content import Content
from textual.geometry import Size

from tests.ui.stage import Stage
from vibebox_tui.ui.widgets.labelled_lines import LabelledLines

LINES = (
    (Content("Name"), Content("api")),
    (Content("Command"), Content("python3 -m shop --port 8080")),
    (Content(""), Content("")),
)


def rows_of(widget: LabelledLines) -> list[str]:
    return [line.text.rstrip() for line in widget.render_lines(widget.size.region)]


async def test_what_is_too_long_goes_on_below_itself() -> None:
    widget = LabelledLines(9, LINES, heading=Content("Shop"))
    async with Stage(lambda: [widget]).run_test(size=(24, 10)) as pilot:
        await pilot.pause()
        wanted = ["Shop", "Name     api", "Command  python3 -m shop", "         --port 8080", ""]
        assert rows_of(widget) == wanted
        assert widget.size == Size(24, 5)


async def test_other_lines_have_another_height() -> None:
    widget = LabelledLines(9, LINES)
    async with Stage(lambda: [widget]).run_test(size=(24, 10)) as pilot:
        widget.show([(Content("Name"), Content("web"))])
        await pilot.pause()
        assert rows_of(widget) == ["Name     web"]
