"""VibeBox TUI: one terminal window from which to watch and drive many development environments."""

__version__ = "0.1.0"
