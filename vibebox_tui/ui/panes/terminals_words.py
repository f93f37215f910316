"""What a terminal pane says about itself: its border, its line of notices."""

import re

from rich.markup import escape
from textual.content import Content

from vibebox_tui.client.events import TerminalEnded
from vibebox_tui.ui.panes.terminals_attachment import Attachment
from vibebox_tui.ui.panes.terminals_typing import Typing
from vibebox_tui.ui.widgets.terminal_paint import harmless

LONGEST_QUOTE = 40
"""Characters quoted of what was typed: its end, since its beginning is known best."""

_SECRET = re.compile(r"pass(word|phrase|code)|\bpin\b|secret|token", re.IGNORECASE)
"""What a prompt says that wants something which nobody else should read."""

_SHOWN_AS = {"\r": "⏎", "\n": "⏎", "\t": "⇥", "\x7f": "⌫", "\b": "⌫"}
"""How keys look in a quote that have no character of their own; others as `^C`."""


def what_is_shown(
    attachment: Attachment | None,
    *,
    typing: bool,
    reading: str,
    prefixed: bool,
    back: int,
    escape: str,
    others: int | None = None,
    heard_from: str = "",
) -> str:
    """What the border says beneath: who has the keys and which part of the text this is.

    `others` are the terminals that are typed into from here, None where that isn't switched on;
    `heard_from` is the one from which this one is.
    """
    parts = []
    if prefixed:
        parts.append(f"[b]{_safe(escape)} …[/b] then a key, ? shows them")
    elif reading:
        parts.append(reading)
    elif typing:
        parts.append(f"captured · [b]{_safe(escape)}[/b] to leave")
    if others is not None:
        parts.append(f"[b]typing here{and_others(others)}[/b]")
    elif heard_from:
        parts.append(f"[b]typed into from {_safe(harmless(heard_from))}[/b]")
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
    if attachment.is_over:
        return Content(f"{_end(attachment)} Enter opens a new terminal, X removes this one.")
    if typing.is_pasting:
        percent = 100 * typing.pasted // max(1, typing.to_paste)
        return Content(f"Pasting {typing.to_paste:,} characters: {percent}%. {escape} x stops.")
    return Content(_input_notice(attachment, escape))


def _end(attachment: Attachment) -> str:
    """How it ended, and what of the user's typing it never got."""
    ended = attachment.ended
    said = attachment.failure or f"The session ended{_how(ended) if ended else ''}."
    if attachment.lost_input:
        said += f" It never got {_quoted(attachment, attachment.lost_input)}."
    return said


def and_others(count: int) -> str:
    """How many more terminals get what is typed, behind the name of the one that is typed into."""
    if not count:
        return ""
    return f" and into {count} {'other' if count == 1 else 'others'}"


def _input_notice(attachment: Attachment, escape: str) -> str:
    pending, uncertain = attachment.pending, attachment.uncertain
    if pending.refused:
        return f"{pending.refused} characters were not taken: too much waits for the link already."
    if pending.held:
        typed = _quoted(attachment, attachment.unconfirmed_input)
        return f"Typed while the link was down: {typed} {escape} s sends it, {escape} x forgets it."
    if pending.characters:
        return f"Waits for the link: {_quoted(attachment, attachment.unconfirmed_input)}"
    if pending.unanswered:
        return f"No answer yet to {_quoted(attachment, attachment.unconfirmed_input)}"
    if uncertain is not None:
        return (
            f"The link was cut: whether {_quoted(attachment, uncertain.data)} arrived "
            f"is not known. {escape} x hides this."
        )
    return ""


def _how(ended: TerminalEnded) -> str:
    if ended.exit_code is None:
        return ""
    if ended.exit_code < 0:
        return f" by signal {-ended.exit_code}"
    return f" with exit code {ended.exit_code}"


def _quoted(attachment: Attachment, data: str) -> str:
    """The end of what was typed, or only its length where it may be a secret."""
    count = "1 character" if len(data) == 1 else f"{len(data):,} characters"
    if _wants_a_secret(attachment):
        return count
    text = "".join(_shown(character) for character in data[-LONGEST_QUOTE:])
    if len(text) > LONGEST_QUOTE or len(data) > LONGEST_QUOTE:
        return f"“…{text[1 - LONGEST_QUOTE :]}” ({count})"
    return f"“{text}”"


def _shown(character: str) -> str:
    if character in _SHOWN_AS:
        return _SHOWN_AS[character]
    if character < " ":
        return f"^{chr(ord(character) + 64)}"
    return character if character.isprintable() else "?"


def _wants_a_secret(attachment: Attachment) -> bool:
    """Whether the line that the cursor is in asks for what isn't shown while it is typed."""
    emulator = attachment.emulator
    line = "".join(text for text, _ in emulator.runs(emulator.cursor.row))
    return _SECRET.search(line) is not None


def _safe(text: str) -> str:
    return escape(text)
