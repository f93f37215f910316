"""What was typed to search, filter, jump and save, and the stack of filters, over restarts."""

import json
from pathlib import Path
from typing import Final

from vibebox_tui.paths import private_directory

MOST_ENTRIES: Final = 100
"""Texts that are remembered of each kind; whoever needs one of long ago types it anew."""


Switched = tuple[str, bool]
"""A filter as it was typed, and whether it is on."""


class PromptHistory:
    """Texts by their kind, oldest first, each once; kept in a file of JSON lines (0600).

    With them the stack of filters as it was last, each on or off. A file that can't be read, or
    lines in it that make no sense, count as nothing.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._entries: dict[str, list[str]] = {}
        self._stack: list[Switched] | None = None
        for value in _read(file):
            self._take(value)

    def entries(self, kind: str) -> list[str]:
        """The texts of a kind, oldest first."""
        return list(self._entries.get(kind, ()))

    def add(self, kind: str, text: str) -> None:
        """Remember a text as the newest of its kind."""
        texts = self._entries.setdefault(kind, [])
        if text in texts:
            texts.remove(text)
        texts.append(text)
        del texts[:-MOST_ENTRIES]

    @property
    def stack(self) -> list[Switched]:
        """The filters that were there last, from the lowest."""
        return list(self._stack or ())

    @stack.setter
    def stack(self, stack: list[Switched]) -> None:
        self._stack = stack

    def save(self) -> None:
        """Write the file, with what other panes have written to it meanwhile; raises OSError."""
        private_directory(self._file.parent)
        merged = PromptHistory(self._file)
        for kind, text in self._pairs():
            merged.add(kind, text)
        merged._stack = merged._stack if self._stack is None else self._stack
        stack = [("filter", text, is_on) for text, is_on in merged.stack]
        lines = [json.dumps(value) for value in [*merged._pairs(), *stack]]
        part = self._file.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
        part.replace(self._file)

    def _take(self, value: object) -> None:
        match value:
            case [str(kind), str(text)]:
                self.add(kind, text)
            case ["filter", str(text), bool(is_on)]:
                self._stack = [*self.stack, (text, is_on)]

    def _pairs(self) -> list[tuple[str, str]]:
        return [(kind, text) for kind, texts in self._entries.items() for text in texts]


def _read(file: Path) -> list[object]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    return [_value(line) for line in lines]


def _value(line: str) -> object:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None
