"""Pasting: what is worth a question, and how a large text goes in pieces."""

import re
from collections.abc import Iterator

PIECE = 4_096
"""Characters written at once: a shell has them echoed before the next ones come."""

QUOTED_LINES = 5
"""Lines of what is to be pasted that the question shows."""

LONGEST_QUOTED_LINE = 60
"""Characters of each of them."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What does something else than being text; tabs and line ends aside."""


def is_worth_asking(text: str) -> bool:
    """Whether a text could do more at once than its user may think: lines, control characters."""
    return "\n" in normalised(text) or _CONTROLS.search(normalised(text)) is not None


def question(text: str, target: str) -> str:
    """What to ask before `text` is pasted into `target`."""
    text = normalised(text)
    lines = text.splitlines()
    facts = [_count(len(lines), "line"), _count(len(text), "character")]
    if controls := len(_CONTROLS.findall(text)):
        facts.append(f"{_count(controls, 'control character')} among them")
    return f"Paste {', '.join(facts)} into {target}?\n\n{_quotation(lines)}"


def pieces(data: str) -> Iterator[str]:
    """`data` in pieces that are written one after the other."""
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


def normalised(text: str) -> str:
    """`text` with its lines ended as anybody's: terminals paste them with carriage returns."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _quotation(lines: list[str]) -> str:
    quoted = [_CONTROLS.sub("·", line).expandtabs()[:LONGEST_QUOTED_LINE] for line in lines]
    shown = [f"  {line}" for line in quoted[:QUOTED_LINES]]
    if len(lines) > QUOTED_LINES:
        shown.append(f"  … {_count(len(lines) - QUOTED_LINES, 'more line')}")
    return "\n".join(shown)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
