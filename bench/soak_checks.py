"""What the soak holds against the numbers: logs without a hole, input once, nothing that grows."""

import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import psutil

from vibebox_tui.client.events import (
    LogEvent,
    LogHole,
    LogLines,
    LogResumed,
    TerminalEvent,
    TerminalReset,
    TerminalSizeChanged,
    TerminalText,
)
from vibebox_tui.emulator import Emulator

TOLD: Final = 20
"""Complaints that are kept word for word; the rest are only counted."""

SCROLLBACK: Final = 1_000
"""Lines that the terminal's check keeps."""

_ECHO: Final = re.compile(r"^echo (\d+)$")


class Complaints:
    """What was not as it should be."""

    def __init__(self) -> None:
        self.count = 0
        self.told: list[str] = []

    def add(self, text: str) -> None:
        """Note another one."""
        self.count += 1
        if len(self.told) < TOLD:
            self.told.append(text)


class LogCheck:
    """Numbered lines, from 1: each once and in order, but for holes that are named exactly."""

    def __init__(self, name: str, complaints: Complaints, *, may_have_holes: bool) -> None:
        self.lines = 0
        self.missing = 0
        self.holes = 0
        self.resumed = 0
        self.is_over = False
        self._name = name
        self._next = 1
        self._may_have_holes = may_have_holes
        self._complaints = complaints

    def take(self, event: LogEvent) -> None:
        """Compare the next event with what has to come."""
        match event:
            case LogLines(entries):
                for entry in entries:
                    self._line(entry.message)
            case LogHole(first, last, why):
                self._hole(first, last, why)
            case LogResumed(complete=complete):
                self.resumed += 1
                if not self._may_have_holes and not complete:
                    self._complain(f"resumed at {self._next} without being complete")
            case _:
                pass

    def _line(self, message: str) -> None:
        word, _, number = message.partition(" ")
        if word == "end":
            self.is_over = True
            if int(number) != self._next - 1:
                self._complain(f"the end is after {number}, seen were {self._next - 1}")
            return
        self._begin_at(int(number))
        if word != "line" or int(number) != self._next:
            self._complain(f"{message!r} came, line {self._next} was due")
            if word != "line":
                return
        self.lines += 1
        self._next = int(number) + 1

    def _begin_at(self, number: int) -> None:
        """What was deleted before anything was read is no gap."""
        if self._may_have_holes and not (self.lines or self.missing):
            self._next = number

    def _hole(self, first: int | None, last: int | None, why: str) -> None:
        self.holes += 1
        if not self._may_have_holes or first is None or last is None:
            self._complain(f"hole {first} to {last} at {self._next}: {why}")
        if first is None or last is None:
            return
        self._begin_at(first)
        if first != self._next or last < first:
            self._complain(f"a hole from {first} to {last} is named where {self._next} was due")
        self.missing += last - first + 1
        self._next = last + 1

    def _complain(self, text: str) -> None:
        self._complaints.add(f"{self._name}: {text}")


class EchoCheck:
    """Numbers typed into a session, each of which its program writes down and echoes."""

    def __init__(self, record: Path, complaints: Complaints) -> None:
        self.typed = 0
        self._record = record
        self._complaints = complaints
        self._emulator = Emulator(24, 80, scrollback_lines=SCROLLBACK)

    def take(self, event: TerminalEvent) -> None:
        """Draw the output, as a pane would."""
        match event:
            case TerminalText(data):
                self._emulator.feed(data)
                self._emulator.take_replies()
                self._emulator.take_changes()
            case TerminalReset(rows, columns):
                self._emulator = Emulator(rows, columns, scrollback_lines=SCROLLBACK)
            case TerminalSizeChanged(rows, columns):
                self._emulator.resize(rows, columns)
            case _:
                pass

    def next_number(self) -> int:
        """The number to type next."""
        self.typed += 1
        return self.typed

    @property
    def newest(self) -> int:
        """The last number that the screen shows; 0: none."""
        shown = self._shown_lines(0)
        return shown[-1] if shown else 0

    def finish(self) -> int:
        """Compare what the program got, and what the terminal shows, with what was typed.

        Returns how many echoes the terminal shows, its scrollback included.
        """
        got = [int(line) for line in self._record.read_text().split()]
        self._compare("the program got", got, list(range(1, self.typed + 1)))
        shown = self._shown_lines(-self._emulator.scrollback_length)
        expected = list(range(self.typed - len(shown) + 1, self.typed + 1))
        self._compare("the terminal shows", shown, expected)
        return len(shown)

    def _shown_lines(self, first: int) -> list[int]:
        rows = range(first, self._emulator.rows)
        texts = ("".join(text for text, _ in self._emulator.runs(row)).rstrip() for row in rows)
        return [int(found[1]) for text in texts if (found := _ECHO.match(text))]

    def _compare(self, what: str, found: list[int], expected: list[int]) -> None:
        if found == expected:
            return
        for at, (is_there, due) in enumerate(zip(found, expected, strict=False)):
            if is_there != due:
                self._complaints.add(f"{what} {is_there} where {due} was due, at {at}")
                return
        self._complaints.add(f"{what} {len(found)} numbers, {len(expected)} were typed")


@dataclass(frozen=True, slots=True)
class Sample:
    """What a program had in use at a moment: MiB, tasks, descriptors."""

    memory: float
    tasks: int
    descriptors: int

    @classmethod
    def of(cls, processes: Iterable[psutil.Process], tasks: int = 0) -> Self | None:
        """What `processes` use together; None where one of them has just ended."""
        try:
            memory = sum(each.memory_info().rss for each in processes) / 1024 / 1024
            return cls(memory, tasks, sum(each.num_fds() for each in processes))
        except psutil.NoSuchProcess:
            return None


class Growth:
    """Samples of a program, and how far those of the end are above those of the beginning.

    `most` is by how much they may be: what is under way at the one moment or the other.
    """

    def __init__(self, name: str, most: Sample) -> None:
        self.name = name
        self.most = most
        self._samples: list[Sample] = []

    def add(self, sample: Sample | None) -> None:
        """Take another sample, if it could be had."""
        if sample is not None:
            self._samples.append(sample)

    def since_the_beginning(self) -> Sample:
        """The median of the last third over that of the second quarter: the start is no measure."""
        if not self._samples:
            return Sample(0.0, 0, 0)
        count = len(self._samples)
        early = _median(self._samples[count // 4 : count // 2] or self._samples[:1])
        late = _median(self._samples[-max(1, count // 3) :])
        return Sample(
            round(late.memory - early.memory, 1),
            late.tasks - early.tasks,
            late.descriptors - early.descriptors,
        )


def _median(samples: list[Sample]) -> Sample:
    return Sample(
        statistics.median(each.memory for each in samples),
        round(statistics.median(each.tasks for each in samples)),
        round(statistics.median(each.descriptors for each in samples)),
    )
