"""The terminal pane: the sessions of one environment, drawn, typed into, kept over reconnects."""

from vibebox_tui.ui.panes.pane import Pane


class TerminalPane(Pane):
    """The terminals of one environment, as tabs; one of them is shown.

    A terminal is attached when it is first shown and stays attached while the pane lives. While
    it captures, every key goes to the remote side but the escape key, which the border names.
    """
