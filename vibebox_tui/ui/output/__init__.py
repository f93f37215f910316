"""The way of a frame to the user's terminal: only what changed, one frame in flight."""

from vibebox_tui.ui.output.app import FrugalApp, draw_now

__all__ = ["FrugalApp", "draw_now"]
