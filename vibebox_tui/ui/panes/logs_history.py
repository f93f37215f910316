"""What was typed to search, filter, jump and save, remembered over restarts."""

import json
from pathlib import Path
from typing import Final

from vibebox_tui.paths import private_directory

MOST_ENTRIES: Final = 100
"""Texts that are remembered of each kind; whoever needs one of long ago types it anew."""


class PromptHistory:
    """Texts by their kind, oldest first, each once; kept in a file of JSON lines (0600).

    A file that can't be read, or lines in it that make no sense, count as nothing.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._entries: dict[str, list[str]] = {}
        for kind, text in _read(file):
            self.add(kind, text)

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

    def save(self) -> None:
        """Write the file, with what other panes have written to it meanwhile; raises OSError."""
        private_directory(self._file.parent)
        merged = PromptHistory(self._file)
        for kind, text in self._pairs():
            merged.add(kind, text)
        lines = [json.dumps(pair) for pair in merged._pairs()]
        part = self._file.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
        part.replace(self._file)

    def _pairs(self) -> list[tuple[str, str]]:
        return [(kind, text) for kind, texts in self._entries.items() for text in texts]


def _read(file: Path) -> list[tuple[str, str]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    return [pair for line in lines if (pair := _pair(line)) is not None]


def _pair(line: str) -> tuple[str, str] | None:
    try:
        value = json.loads(line)
    except json.JSONDecodeError:
        return None
    match value:
        case [str(kind), str(text)]:
            return kind, text
    return None
