"""What the terminal benchmark feeds: a megabyte or so of each kind, the same in every run."""

import json
import random
from collections.abc import Callable
from pathlib import Path

ROWS, COLUMNS = 24, 80
SIZE = 1_000_000
"""Bytes of a generated payload, about."""

_CAPTURED = Path(__file__).resolve().parent.parent / "tests" / "emulator" / "captured"
_WORDS = [
    *("request", "server", "error", "warning", "timeout", "connection", "accepted", "from"),
    *("database", "query", "took", "cache", "the", "of", "a", "to", "worker", "started"),
    *("finished", "job", "build", "compile", "link", "test", "package", "install"),
]


def _random() -> random.Random:
    return random.Random(20240501)


def _text(source: random.Random, length: int) -> str:
    words: list[str] = []
    while sum(map(len, words)) + len(words) < length:
        words.append(source.choice(_WORDS))
    return " ".join(words)[:length]


def _repeated(unit: Callable[[int], str]) -> bytes:
    """Units of text until there is enough."""
    parts, size, number = [], 0, 0
    while size < SIZE:
        parts.append(unit(number).encode())
        size += len(parts[-1])
        number += 1
    return b"".join(parts)


def dense_cells() -> bytes:
    """Each cell with colours and attributes of its own, screen after screen."""

    def screen(number: int) -> str:
        cells = (
            f"\x1b[38;5;{(number + cell) % 156 + 100};48;5;{(cell * 7) % 156 + 100};1;3;4m"
            f"{chr(65 + number % 26)}"
            for cell in range(ROWS * COLUMNS)
        )
        return "\x1b[H" + "".join(cells)

    return _repeated(screen)


def medium_cells() -> bytes:
    """A change of colour for every word."""
    source = _random()
    return _repeated(
        lambda number: (
            "\x1b[H"
            + "".join(
                f"\x1b[{31 + source.randrange(7)}m{_text(source, 8)} "
                for _ in range(ROWS * COLUMNS // 9)
            )
        )
    )


def light_cells() -> bytes:
    """Screens full of text without any sequence but the way home."""
    return _repeated(lambda number: "\x1b[H" + chr(65 + number % 26) * (ROWS * COLUMNS))


def scrolling() -> bytes:
    """Short lines, as a loop that prints one character."""
    return _repeated(lambda number: "y\r\n")


def newlines() -> bytes:
    """Line feeds and nothing else."""
    return b"\n" * (SIZE // 2)


def scrolling_in_region() -> bytes:
    """Short lines within margins, on the alternate screen."""
    start = f"\x1b[?1049h\x1b[2;{ROWS - 1}r\x1b[{ROWS - 1};1H".encode()
    return start + _repeated(lambda number: "y\r\n") + b"\x1b[r\x1b[?1049l"


def scrolling_in_bottom_region() -> bytes:
    """Whole lines within margins that leave the screen's top alone."""
    source = _random()
    return f"\x1b[10;{ROWS}r\x1b[{ROWS};1H".encode() + _repeated(
        lambda number: f"{_text(source, 60)}\r\n"
    )


def cursor_motion() -> bytes:
    """A character here, a character there."""
    source = _random()
    return _repeated(
        lambda number: (
            f"\x1b[{source.randrange(ROWS) + 1};{source.randrange(COLUMNS) + 1}H"
            f"{chr(97 + number % 26)}"
        )
    )


def unicode_text() -> bytes:
    """Latin, Greek, Cyrillic, wide, combining and emoji, in lines."""
    source = _random()
    pieces = [
        "naïve façade",
        "Ελληνικά",
        "русский текст",
        "漢字かな交じり文",
        "한국어",
        "e\u0301a\u0308",
        "─│┌┐└┘═║",
        "👍🎉",
        "👩\u200d🚀",
        "🇪🇺",
        "❤\ufe0f",
        "→ ✓ ✗ •",
    ]
    return _repeated(lambda number: " ".join(source.choices(pieces, k=6)) + "\r\n")


def wide_text() -> bytes:
    """Chinese, in long lines."""
    source = _random()
    return _repeated(
        lambda number: "".join(chr(source.randrange(0x4E00, 0x9000)) for _ in range(60)) + "\r\n"
    )


def alternate_screen() -> bytes:
    """To the alternate screen, a screenful, and back."""
    source = _random()
    return _repeated(
        lambda number: (
            "\x1b[?1049h\x1b[H"
            + "".join(f"\x1b[{row};1H{_text(source, 70)}\x1b[K" for row in range(1, ROWS + 1))
            + "\x1b[?1049l"
        )
    )


def plain_text() -> bytes:
    """Lines of plain text up to the width of the screen."""
    source = _random()
    return _repeated(lambda number: _text(source, source.randrange(40, 79)) + "\r\n")


def long_lines() -> bytes:
    """Plain text that wraps."""
    source = _random()
    return _repeated(lambda number: _text(source, source.randrange(100, 400)) + "\r\n")


def listing() -> bytes:
    """What `ls -lR --color` prints."""
    source = _random()
    kinds = (
        "\x1b[0m\x1b[01;34m{}\x1b[0m",
        "\x1b[01;32m{}\x1b[0m",
        "{}",
        "{}",
        "\x1b[01;36m{}\x1b[0m -> {}",
    )

    def entry(number: int) -> str:
        if number % 40 == 0:
            return f"\r\n./{_text(source, 9)}/{number}:\r\ntotal {number}\r\n"
        name = _text(source, source.randrange(6, 20)).replace(" ", "-")
        size = source.randrange(10**6)
        return (
            f"-rw-r--r-- 1 dev dev {size:7} May  1 12:{number % 60:02} "
            + source.choice(kinds).format(name, name)
            + "\r\n"
        )

    return _repeated(entry)


def build_log() -> bytes:
    """Coloured lines with progress bars drawn over and over."""
    source = _random()

    def step(number: int) -> str:
        bars = "".join(
            f"\r\x1b[K\x1b[36m[{'#' * (done // 4):25}]\x1b[0m {done:3}%"
            for done in range(0, 101, 10)
        )
        lines = "".join(
            f"\x1b[1m[{line}/40]\x1b[0m \x1b[32mCompiling\x1b[0m {_text(source, 40)}\r\n"
            for line in range(6)
        )
        return f"{lines}{bars}\r\n\x1b[33mwarning\x1b[0m: unused {_text(source, 12)}\r\n"

    return _repeated(step)


def git_log() -> bytes:
    """What `git log -p --color` prints."""
    source = _random()

    def commit(number: int) -> str:
        lines = [
            f"\x1b[33mcommit {source.getrandbits(160):040x}\x1b[m",
            "Author: dev <dev@example.org>",
            "",
            f"    {_text(source, 50)}",
            "",
        ]
        lines += [
            f"\x1b[1mdiff --git a/{number}.py b/{number}.py\x1b[m",
            f"\x1b[36m@@ -1,7 +1,7 @@\x1b[m {_text(source, 20)}",
        ]
        for line in range(12):
            text = _text(source, source.randrange(10, 70))
            lines.append(
                (f" {text}", f"\x1b[31m-{text}\x1b[m", f"\x1b[32m+\x1b[m\x1b[32m{text}\x1b[m")[
                    line % 3
                ]
            )
        return "\r\n".join(lines) + "\r\n"

    return _repeated(commit)


def _session(name: str) -> bytes:
    """A recording, over and over, its resizes left out."""
    lines = (_CAPTURED / f"{name}.jsonl").read_text().splitlines()[1:]
    events = [json.loads(line) for line in lines]
    output = b"".join(event[1].encode("latin-1") for event in events if event[0] == "o")
    return output * max(1, SIZE // 2 // len(output))


PAYLOADS: dict[str, Callable[[], bytes]] = {
    "dense cells": dense_cells,
    "medium cells": medium_cells,
    "light cells": light_cells,
    "scrolling": scrolling,
    "newlines": newlines,
    "scrolling in a region": scrolling_in_region,
    "scrolling at the bottom": scrolling_in_bottom_region,
    "cursor motion": cursor_motion,
    "unicode": unicode_text,
    "wide text": wide_text,
    "alternate screen": alternate_screen,
    "plain text": plain_text,
    "long lines": long_lines,
    "ls -lR --color": listing,
    "build log": build_log,
    "git log -p": git_log,
    "vim": lambda: _session("vim-80x24"),
    "htop": lambda: _session("htop-80x24"),
    "mc": lambda: _session("mc-colour-80x24"),
    "tmux": lambda: _session("tmux-80x24"),
}
