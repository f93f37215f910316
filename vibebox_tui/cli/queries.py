"""A terminal's queries taken out of a stream of output.

The server answers them for the session; a second answer, from the user's own terminal, would come
back as if it had been typed.
"""

import re

LONGEST_QUERY = 256
"""Characters that an unfinished sequence at the end of a piece is waited for; real ones have
fewer, and what is longer is passed on as it is."""

_QUERIES = re.compile(
    r"\x1b\[[?>=]?[\d;]*[cn](?<!\x1b\[n)"  # DA1, DA2, DA3, DSR, CPR
    r"|\x1b\[[?]?[\d;]*\$p"  # DECRQM
    r"|\x1b\[>[\d;]*q"  # XTVERSION
    r"|\x1b\[\?u"  # kitty keyboard protocol
    r"|\x1b\[(?:1[13-9]|2[01])(?:;[\d;]*)?t"  # window reports
    r"|\x1b\[[\d;]*x"  # DECREQTPARM
    r"|\x1b\[[\d;]*\*y"  # DECRQCRA
    r"|\x1bZ"  # DECID
    r"|\x1b\](?:4;\d+|1[0-9]|5;\d+);\?(?:\x07|\x1b\\)"  # colours
    r"|\x1b\]52;[a-z0-9]*;\?(?:\x07|\x1b\\)"  # the clipboard
    r"|\x1bP(?:\$q|\+q)[^\x1b\x07]*(?:\x07|\x1b\\)"  # DECRQSS, XTGETTCAP
    r"|\x05"  # ENQ
)

_UNFINISHED = re.compile(
    r"\x1b(?:\[[?>=]?[\d;]*[$*]?|\](?:\d[\d;a-z?]*\x1b?)?|P(?:[$+]q?[^\x1b\x07]*\x1b?)?)?\Z"
)


class QueryFilter:
    """Passes output on without the queries in it, however it is split."""

    def __init__(self) -> None:
        self._held = ""

    def passed(self, text: str) -> str:
        """What of `text`, and of what was held back before, may go to the user's terminal."""
        text = self._held + text
        self._held = ""
        unfinished = _UNFINISHED.search(text, max(0, len(text) - LONGEST_QUERY))
        if unfinished is not None:
            self._held = unfinished.group()
            text = text[: unfinished.start()]
        return _QUERIES.sub("", text)
