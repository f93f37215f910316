"""The keys that work wherever the focus is; ids are stable, since users remap keys by them."""

from typing import Final

from textual.binding import Binding, BindingType

EVERYWHERE: Final[list[BindingType]] = [
    Binding("t", "view('terminal')", "Terminal", id="app.terminal"),
    Binding("l", "view('logs')", "Logs", id="app.logs"),
    Binding("i", "view('info')", "Details", id="app.info"),
    Binding("apostrophe,ctrl+p", "switch", "Switch", id="app.switch"),
    Binding("0", "overview", "Overview", id="app.overview"),
    *(
        Binding(
            str(number),
            f"environment({number})",
            "Environment by its number",
            show=False,
            id=f"app.environment_{number}",
        )
        for number in range(1, 10)
    ),
    Binding("minus", "last", "The environment before", show=False, id="app.last"),
    Binding(
        "left_parenthesis",
        "step(-1)",
        "Previous environment",
        show=False,
        id="app.previous_environment",
    ),
    Binding(
        "right_parenthesis", "step(1)", "Next environment", show=False, id="app.next_environment"
    ),
    Binding("tab", "pane(1)", "Next pane", show=False, id="app.next_pane"),
    Binding("shift+tab", "pane(-1)", "Previous pane", show=False, id="app.previous_pane"),
    Binding("left_square_bracket", "tab(-1)", "Previous tab", show=False, id="app.previous_tab"),
    Binding("right_square_bracket", "tab(1)", "Next tab", show=False, id="app.next_tab"),
    Binding("plus", "beside", "Beside", id="app.beside"),
    Binding("underscore", "close", "Close this pane", id="app.close"),
    Binding("exclamation_mark", "alerts", "Alerts", show=False, id="app.alerts"),
    Binding("z", "zoom", "Zoom", id="app.zoom"),
    Binding("escape", "back", "Back", show=False, id="app.back"),
    Binding("ctrl+r", "reconnect", "Reconnect now", show=False, id="app.reconnect"),
    Binding("ctrl+n", "connections", "Connections", show=False, id="app.connections"),
    Binding("q", "leave", "Leave", id="app.leave"),
]
