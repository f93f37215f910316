"""What a terminal pane says about itself: its border, its line of notices."""

from rich.markup import escape
from textual.content import Content

from vibebox_tui.client.events import TerminalEnded
from vibebox_tui.ui.panes.terminals_attachment import Attachment
from vibebox_tui.ui.panes.terminals_typing import Typing
from vibebox_tui.ui.widgets.terminal_paint import harmless

LONGEST_QUOTE = 30
"""Characters quoted of input whose fate is not known."""


def what_is_shown(
    attachment: Attachment | None,
    *,
    typing: bool,
    reading: str,
    prefixed: bool,
    back: int,
    escape: str,
) -> str:
    """What the border says beneath: who has the keys and which part of the text this is."""
    parts = []
    if prefixed:
        parts.append(f"[b]{_safe(escape)} …[/b] then a key, ? shows them")
    elif reading:
        parts.append(reading)
    elif typing:
        parts.append(f"captured · [b]{_safe(escape)}[/b] to leave")
    if attachment is not None:
        if attachment.read_only:
            parts.append("read-only")
        if attachment.recording is not None:
            parts.append("recording")
        if not attachment.is_live and not attachment.ended and not attachment.failure:
            parts.append("attaching…")
    if back:
        parts.append(f"{back:,} lines back")
    if not parts and attachment is not None and not attachment.ended:
        parts.append("Enter types here")
    return " · ".join(parts)


def notice_of(
    attachment: Attachment | None, escape: str, *, missing: str, typing: Typing
) -> Content:
    """The most urgent thing that the user should know, or nothing.

    `missing` says why there is no terminal, where that is known.
    """
    if attachment is None:
        return Content(missing)
    if attachment.recording_failure:
        return Content(f"Recording ended: {attachment.recording_failure}")
    if attachment.failure:
        return Content(f"{attachment.failure} Enter opens a new terminal, X removes this one.")
    if attachment.ended is not None:
        return Content(
            f"The session ended{_how(attachment.ended)}. "
            "Enter opens a new terminal, X removes this one."
        )
    if typing.is_pasting:
        percent = 100 * typing.pasted // max(1, typing.to_paste)
        return Content(f"Pasting {typing.to_paste:,} characters: {percent}%. {escape} x stops.")
    return Content(_input_notice(attachment, escape))


def _input_notice(attachment: Attachment, escape: str) -> str:
    pending, uncertain = attachment.pending, attachment.uncertain
    if pending.refused:
        return f"{pending.refused} characters were not taken: too much waits for the link already."
    if pending.held:
        return (
            f"{_count(pending.characters)} typed while the link was down: "
            f"{escape} s sends, {escape} x forgets."
        )
    if pending.characters:
        return f"{_count(pending.characters)} waiting for the link."
    if uncertain is not None:
        return (
            f"The link was cut: whether “{_quoted(uncertain.data)}” arrived is not known. "
            f"{escape} x hides this."
        )
    return ""


def _how(ended: TerminalEnded) -> str:
    if ended.exit_code is None:
        return ""
    if ended.exit_code < 0:
        return f" by signal {-ended.exit_code}"
    return f" with exit code {ended.exit_code}"


def _count(characters: int) -> str:
    return "1 character" if characters == 1 else f"{characters:,} characters"


def _quoted(data: str) -> str:
    text = harmless(data).strip()
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"


def _safe(text: str) -> str:
    return escape(text)
