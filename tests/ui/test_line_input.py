"""A line to type in: it moves with what is typed, and nothing around it is laid out anew."""

from typing import Any, Self

from textual.app import App, ComposeResult
from textual.geometry import Region

from vibebox_tui.ui.widgets.line_input import LineInput


class _Watched(LineInput):
    DEFAULT_CSS = "_Watched { width: 20; }"
    layouts = 0

    def refresh(self, *regions: Region, layout: bool = False, **options: Any) -> Self:
        self.layouts += layout
        return super().refresh(*regions, layout=layout, **options)


class _Form(App[None]):
    def compose(self) -> ComposeResult:
        yield _Watched(compact=True)


async def test_the_end_of_a_long_line_is_in_view_without_another_layout() -> None:
    app = _Form()
    async with app.run_test(size=(40, 5)) as pilot:
        line = app.query_one(_Watched)
        line.focus()
        await pilot.pause()
        before = line.layouts
        await pilot.press(*"abcdefghijklmnopqrstuvwxyz")
        await pilot.pause()
        assert line.render_line(0).text.rstrip().endswith("xyz")
        assert line.layouts == before
        await pilot.press("home")
        await pilot.pause()
        assert line.render_line(0).text.startswith("abc")
        await pilot.press("end", *["backspace"] * 20)
        await pilot.pause()
        assert line.render_line(0).text.strip() == "abcdef"
