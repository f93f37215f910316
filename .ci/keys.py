"""Writes the tables of docs/keys.md from the bindings in the code: `python .ci/keys.py`."""

import re
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

from textual.binding import Binding
from textual.keys import format_key

from vibebox_tui.cli.config_names import bindings
from vibebox_tui.ui.commands import SCOPES

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "keys.md"

MARK: Final = "<!-- what follows is written by .ci/keys.py -->\n"

NAMES: Final[Mapping[str, str]] = {
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "shift+tab": "Shift+Tab",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "home": "Home",
    "end": "End",
}
"""Keys that are written in words here, and not by the signs that Textual has for them."""


def tables() -> str:
    """A table for each scope."""
    scopes: dict[str, list[Binding]] = {}
    for binding in bindings():
        scopes.setdefault(str(binding.id).partition(".")[0], []).append(binding)
    known = [scope for scope in SCOPES if scope in scopes]
    others = sorted(scopes.keys() - SCOPES.keys())
    return "\n".join(table(scope, scopes[scope]) for scope in [*known, *others])


def table(scope: str, found: Iterable[Binding]) -> str:
    """What can be done in one scope; keys that do the same with another number share a row."""
    title = SCOPES.get(scope, scope).capitalize()
    rows = [f"## {title}\n", "| key | | id |", "|---|---|---|"]
    for description, alike in groupby(found, key=lambda binding: binding.description):
        same = list(alike)
        keys = [f"`{name(key)}`" for one in same for key in one.key.split(",")]
        ids = [f"`{one.id}`" for one in same]
        if len(same) > 1:
            keys, ids = [keys[0], "–", keys[-1]], [ids[0], "–", ids[-1]]
        rows.append(f"| {' '.join(keys)} | {description} | {' '.join(ids)} |")
    return "\n".join(rows) + "\n"


def name(key: str) -> str:
    """A key as people write it."""
    key = key.strip()
    if key in NAMES:
        return NAMES[key]
    if key.startswith("ctrl+"):
        return f"Ctrl+{name(key.removeprefix('ctrl+')).upper()}"
    sign = format_key(key)
    return sign.upper() if re.fullmatch(r"f\d+", sign) else sign


def document() -> str:
    """The whole document, its tables anew."""
    return DOCUMENT.read_text(encoding="utf-8").partition(MARK)[0] + MARK + "\n" + tables()


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if DOCUMENT.read_text(encoding="utf-8") == document() else 1)
    DOCUMENT.write_text(document(), encoding="utf-8")
