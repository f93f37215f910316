"""Record what real programs send to a terminal, for the golden captures.

    python -m tests.emulator.record DIRECTORY [NAME ...]

Each scenario runs in a pseudo-terminal, in an empty home and a PID namespace of its own (Linux,
root), so that nothing of this machine gets into a recording. A recording is JSON lines: a
header, then `["o", data]` for output (bytes as Latin-1), `["r", rows, columns]` for a resize,
`["c"]` where the screen has come to rest: a checkpoint.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path

SIZES = ((24, 80), (40, 120))
"""Rows and columns that each scenario is recorded at."""

_QUIET = 0.4
"""Seconds without output after which a screen has come to rest."""

_LONGEST_STEP = 6.0
"""Seconds after which a step ends though output goes on."""


@dataclass(frozen=True, slots=True)
class Resize:
    """A change of size, in rows and columns more (or less)."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """A command, and what is typed into it, step by step; a checkpoint after each."""

    command: tuple[str, ...]
    steps: tuple[str | Resize, ...]


ESC, ENTER, UP, DOWN, RIGHT = "\x1b", "\r", "\x1b[A", "\x1b[B", "\x1b[C"
PAGE_DOWN, PAGE_UP, F1, F9, F10 = "\x1b[6~", "\x1b[5~", "\x1bOP", "\x1b[20~", "\x1b[21~"
SMALLER, LARGER = Resize(-5, -17), Resize(5, 17)

_PROGRESS = r"""
for p in 1 2 3; do
  i=0; while [ $i -le 100 ]; do
    printf '\r\033[K\033[32mGet:%d\033[0m package-%d [%3d%%] ' $p $p $i
    printf '%*s' $((i / 4)) '' | tr ' ' '#'; i=$((i + 10)); done
  printf '\r\n\033[33mUnpacking package-%d (1.0.%d) over (0.9) ...\033[0m\n' $p $p; done
printf '\0337\033[1;20r\0338\033[1A\033[7mProgress: [ 50%%]\033[27m\033[r\nDone.\n'
"""

_CLUSTERS = (
    "printf 'na\\303\\257ve \\346\\274\\242\\345\\255\\227 \\355\\225\\234\\352\\270\\200 "
    "\\342\\224\\200\\n'\r"
)

_TMUX = "set -as terminal-overrides ',*:Enmg@:Dsmg@:Clmg@:Cmg@'\n"
"""No left and right margins: xterm.js, which the screens are compared with, hasn't got them."""

SCENARIOS: dict[str, Scenario] = {
    "bash": Scenario(
        ("bash", "--norc", "--noprofile", "-i"),
        (
            "for i in $(seq 1 40); do echo line $i of a list; done\r",
            "ls --color=always -la docs\r",
            "echo one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
            "\x01\x1bf\x1bf\x0b\x19\x1b\x7f\x05",
            SMALLER,
            ENTER,
            LARGER,
            "\x12list\r",
            _CLUSTERS,
            "clear\r",
            UP + UP + "\x05 # again\r",
        ),
    ),
    "vim": Scenario(
        ("vim", "-u", "NONE", "-N", "-c", "syntax on", "-c", "set number hlsearch", "code.py"),
        (
            "jjjj" + PAGE_DOWN,
            "/def\r",
            "nn",
            ":split\r",
            "ggOA new first line\x1b",
            "Vjjd",
            "u",
            SMALLER,
            ":vsplit\r",
            "\x17l20ix\x1byypp",
            LARGER,
            ":only\r" + "G",
            ":help\r",
            ":qa!\r",
        ),
    ),
    "less": Scenario(
        ("less", "-R", "log.txt"),
        (" ", "/error\r", "nn", "G", "b", SMALLER, "g", "-S\r", RIGHT, LARGER, "q"),
    ),
    "nano": Scenario(
        ("nano", "--ignorercfiles", "-l", "notes.txt"),
        (
            "Hello, world\r",
            DOWN * 3 + "\x0b",
            "\x15\x15",
            "\x17line\r",
            SMALLER,
            "\x07",
            "\x18",
            LARGER,
            "\x18n",
        ),
    ),
    "mc": Scenario(
        ("mc", "--nosubshell", "-b", "docs", "docs"),
        (DOWN * 3, "\t", F9, RIGHT * 2, ESC + ESC, SMALLER, "\x1b4", "q", LARGER, F10, ENTER),
    ),
    "mc-colour": Scenario(
        ("mc", "--nosubshell", "-c", "docs", "docs"),
        (DOWN * 2, F9 + DOWN, ESC + ESC, "\x1bOR", "q", SMALLER, LARGER, F10, ENTER),
    ),
    "htop": Scenario(
        ("htop", "--delay=3"),
        (DOWN, F1, ESC, SMALLER, "t", LARGER, "M", F10),
    ),
    "top": Scenario(("top", "-d", "1"), ("z", "x", SMALLER, "c", LARGER, "q")),
    "tmux": Scenario(
        ("tmux", "-f", "tmux.conf", "-L", "vibebox", "new-session", "bash --norc --noprofile"),
        (
            "ls --color=always docs\r",
            '\x02"',
            "seq 1 60\r",
            "\x02%",
            "vim -u NONE -N code.py\r",
            PAGE_DOWN,
            SMALLER,
            ":q!\r",
            "\x02[" + PAGE_UP,
            "q",
            LARGER,
            "\x02:kill-server\r",
        ),
    ),
    "progress": Scenario(("sh", "-c", _PROGRESS), ()),
    "git": Scenario(("git", "--no-pager", "log", "-p", "--color=always"), ()),
}


def main() -> int:
    """Record the scenarios named, or all."""
    directory, *names = sys.argv[1:]
    for name in names or SCENARIOS:
        for rows, columns in SIZES:
            path = Path(directory) / f"{name}-{columns}x{rows}.jsonl"
            record(SCENARIOS[name], rows, columns, path)
            print(path, path.stat().st_size)
    return 0


def record(scenario: Scenario, rows: int, columns: int, path: Path) -> None:
    """Run a scenario and write what it sent."""
    with tempfile.TemporaryDirectory(prefix="recording") as home:
        _furnish(Path(home))
        child, controller = _spawn(scenario.command, home, rows, columns)
        events: list[list[object]] = [["c"]]
        _read(controller, events)
        for step in scenario.steps:
            if isinstance(step, Resize):
                rows, columns = rows + step.rows, columns + step.columns
                _resize(controller, rows, columns)
                events.append(["r", rows, columns])
            else:
                os.write(controller, step.encode("latin-1"))
            _read(controller, events)
        os.close(controller)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    header = {"program": scenario.command[0], "rows": SIZES[0][0], "columns": SIZES[0][1]}
    name = path.stem.rsplit("-", 1)[1].split("x")
    header["columns"], header["rows"] = int(name[0]), int(name[1])
    lines = [json.dumps(item) for item in [header, *events]]
    path.write_text("\n".join(lines).replace(home, "/home/dev") + "\n")


def _furnish(home: Path) -> None:
    """Files for the programs to show."""
    (home / "docs").mkdir()
    for number in range(30):
        (home / "docs" / f"chapter-{number:02}.txt").write_text("text\n" * number)
    (home / "docs" / "first").symlink_to("chapter-01.txt")
    (home / "docs" / "run.sh").write_text("#!/bin/sh\n")
    (home / "docs" / "run.sh").chmod(0o755)
    code = "".join(
        f'def function_{n}(a, b=None):\n    """Add {n}."""\n    return a + {n}  # sum\n\n\n'
        for n in range(40)
    )
    (home / "code.py").write_text(code)
    levels = ("\x1b[32minfo\x1b[0m", "\x1b[33mwarning\x1b[0m", "\x1b[31merror\x1b[0m")
    log = "".join(
        f"2024-05-01 12:00:{n % 60:02} {levels[n % 3]} request {n} took {n * 7 % 90} ms, "
        f"{'and a long tail that wraps ' * (n % 5)}\n"
        for n in range(300)
    )
    (home / "log.txt").write_text(log)
    (home / "tmux.conf").write_text(_TMUX)
    (home / "notes.txt").write_text("".join(f"line {n} of the notes\n" for n in range(60)))
    for number in range(8):
        (home / "notes.txt").write_text(f"commit {number}\n" * (number + 3))
        os.system(
            f"cd {home} && git init -q . 2>/dev/null; git add notes.txt code.py 2>/dev/null;"
            f" GIT_COMMITTER_DATE='2024-05-01T12:00:00Z' git -c user.name=dev"
            " -c user.email=dev@example.org"
            f" commit -q --date=2024-05-01T12:00:00Z -m 'Change {number}'"
        )


def _spawn(command: tuple[str, ...], home: str, rows: int, columns: int) -> tuple[int, int]:
    child, controller = pty.fork()
    if child == 0:
        os.chdir(home)
        environment = {
            "HOME": home,
            "PATH": "/usr/bin:/bin",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PS1": "$ ",
            "USER": "dev",
            "TZ": "UTC",
            "TMUX_TMPDIR": home,
            "LS_COLORS": "di=01;34:ln=01;36:ex=01;32",
        }
        time.sleep(0.1)  # until the size is set
        isolated = (
            "unshare",
            "-p",
            "-f",
            "-u",
            "--mount-proc",
            "--kill-child",
            "sh",
            "-c",
            'hostname box; exec "$@"',
            "sh",
        )
        os.execvpe("unshare", (*isolated, *command), environment)
    _resize(controller, rows, columns)
    return child, controller


def _resize(controller: int, rows: int, columns: int) -> None:
    fcntl.ioctl(controller, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _read(controller: int, events: list[list[object]]) -> None:
    """Take output until it rests, then note a checkpoint; answer the usual questions."""
    deadline = time.monotonic() + _LONGEST_STEP
    wait = 1.2
    while time.monotonic() < deadline:
        ready, _, _ = select.select([controller], [], [], wait)
        if not ready:
            break
        wait = _QUIET
        try:
            data = os.read(controller, 65536)
        except OSError:
            break
        if not data:
            break
        events.append(["o", data.decode("latin-1")])
        _answer(controller, data)
    events.append(["c"])


def _answer(controller: int, data: bytes) -> None:
    for question, answer in _ANSWERS.items():
        if question in data:
            os.write(controller, answer)


_ANSWERS = {
    b"\x1b[c": b"\x1b[?62;1;2;6;22c",
    b"\x1b[>c": b"\x1b[>41;390;0c",
    b"\x1b[6n": b"\x1b[1;1R",
}
"""What an xterm would answer to the questions that programs wait for."""


if __name__ == "__main__":
    sys.exit(main())
