"""The command line: where the parts are put together, one module per group of commands."""

from vibebox_tui.cli.main import main

__all__ = ["main"]
