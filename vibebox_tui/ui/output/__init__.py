"""The way of a frame to the user's terminal: only what changed, one frame in flight."""

from vibebox_tui.ui.output.app import FrugalApp, await_echo, draw_now
from vibebox_tui.ui.output.compositor import FrugalScreen

__all__ = ["FrugalApp", "FrugalScreen", "await_echo", "draw_now"]
