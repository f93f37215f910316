"""`vibebox logs`: the logs of environments on standard output, as grep would print them."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final, TextIO

import click

from vibebox_tui.cli.failures import BROKEN_PIPE, forget_output
from vibebox_tui.cli.log_following import PAGE_LINES, open_logs, print_live
from vibebox_tui.cli.naming import named
from vibebox_tui.cli.server_choice import ServerOptions, connect, server_options
from vibebox_tui.client.client import Client
from vibebox_tui.errors import UsageError, VibeBoxError
from vibebox_tui.logs.ansi import PLAIN, Ink, plain, spans
from vibebox_tui.logs.export import json_line
from vibebox_tui.logs.expressions import TextTerm
from vibebox_tui.logs.filters import Filter, Selection
from vibebox_tui.logs.levels import BY_WORD, Level
from vibebox_tui.logs.patterns import Pattern, PatternError
from vibebox_tui.logs.ring import Line
from vibebox_tui.logs.sift import Sifter
from vibebox_tui.logs.times import parse_moment, to_iso
from vibebox_tui.protocol.models import Environment, LogPage

NOTHING_FOUND: Final = 1
TROUBLE: Final = 2
"""Exit statuses, as grep's: 0 something was printed, 1 nothing was, 2 something failed."""

_LEVEL_COLOURS: Final = {
    **{Level.TRACE: "2", Level.DEBUG: "2", Level.WARN: "33"},
    **{Level.ERROR: "31", Level.FATAL: "1;31"},
}
_NAME_COLOURS: Final = ("36", "35", "34", "32", "33", "96", "95", "94")
"""SGR parameters: those of the levels, and by turns those of the environments' names."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the logs is wanted; `since` and `until` in milliseconds since the epoch."""

    selection: Selection
    tail: int | None
    since: int | None
    until: int | None
    follow: bool


@click.command()
@click.argument("environments", nargs=-1, required=True, metavar="ENVIRONMENT…")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
@click.option("--since", metavar="TIME", help="From a time on: 14:02, -5m, 2025-10-01T14:02.")
@click.option("--until", metavar="TIME", help="Up to a time.")
@click.option("--level", metavar="LEVEL", help="Only lines at least so severe: warn, error, …")
@click.option("--grep", metavar="REGEX", help="Only lines in which it is found.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each line.")
@server_options
def logs(
    environments: tuple[str, ...],
    follow: bool,
    tail: int | None,
    since: str | None,
    until: str | None,
    level: str | None,
    grep: str | None,
    as_json: bool,
    server: ServerOptions,
) -> int:
    """Print the log of each ENVIRONMENT, named by its name, slug or id; several merged by time.

    A stack trace belongs to the line before it and is printed with it. The exit status is 0 if
    something was printed, 1 if nothing was, and 2 if something failed.
    """
    try:
        if follow and until is not None:
            raise UsageError("--follow has no end and --until is one; give one of them")
        if tail is not None and since is not None:
            raise UsageError("--tail counts from the end, --since from a time; give one of them")
        wanted = Wanted(
            _selection(level, grep),
            tail,
            _moment("--since", since),
            _moment("--until", until),
            follow,
        )
        return asyncio.run(_print(server, environments, wanted, as_json=as_json))
    except VibeBoxError as error:
        error.exit_code = TROUBLE
        raise
    except BrokenPipeError:  # click would make a 1 of it: nothing found
        forget_output()
        return BROKEN_PIPE


async def _print(
    server: ServerOptions, names: tuple[str, ...], wanted: Wanted, *, as_json: bool
) -> int:
    async with connect(server) as client:
        known = await client.rest.environments()
        chosen = list({each.id: each for each in (named(known, name) for name in names)}.values())
        printer = Printer(sys.stdout, [each.name for each in chosen], as_json=as_json)
        if wanted.follow:
            await _follow_all(client, chosen, wanted, printer)
        else:
            readers = [_lines(client, environment, wanted) for environment in chosen]
            await _merge(readers, printer)
    return 0 if printer.printed else NOTHING_FOUND


async def _follow_all(
    client: Client, environments: list[Environment], wanted: Wanted, printer: "Printer"
) -> None:
    """Print what there is, then what comes."""
    async with AsyncExitStack() as stack:
        logs = await open_logs(client, environments, wanted.selection, stack)
        await _merge([log.history(partial(_pages, client, wanted=wanted)) for log in logs], printer)
        await print_live(logs, printer.print)


async def _lines(client: Client, environment: Environment, wanted: Wanted) -> AsyncIterator[Line]:
    sifter = Sifter(wanted.selection)
    async for page in _pages(client, environment, wanted):
        for line in sifter.take(page.data):
            yield line


async def _merge(readers: list[AsyncIterator[Line]], printer: "Printer") -> None:
    """Print the lines of all readers in the order of their times."""
    heads: dict[int, Line] = {}
    for source, reader in enumerate(readers):
        if (line := await anext(reader, None)) is not None:
            heads[source] = line
    while heads:
        source = min(heads, key=lambda each: (heads[each].time, each))
        printer.print([heads[source]], source)
        following = await anext(readers[source], None)
        if following is None:
            del heads[source]
        else:
            heads[source] = following


async def _pages(
    client: Client, environment: Environment, wanted: Wanted
) -> AsyncIterator[LogPage]:
    """The history that is wanted, oldest first, page by page."""
    since = None if wanted.since is None else to_iso(wanted.since)
    until = None if wanted.until is None else to_iso(wanted.until)
    after: int | None = None
    if since is None:
        after = await _start(client, environment, wanted.tail)
        if after is None:
            return
    while True:
        page = await client.rest.logs(
            environment.id, since=since, until=until, since_seq=after, limit=PAGE_LINES
        )
        yield page
        after, since = (page.data[-1].seq if page.data else None), None
        if after is None or len(page.data) < PAGE_LINES:
            return


async def _start(client: Client, environment: Environment, tail: int | None) -> int | None:
    """The sequence number after which to begin; None where there is nothing to print."""
    if tail is None:
        return 0
    if tail == 0:
        return None
    newest = await client.rest.logs(environment.id, limit=1)
    return max(0, newest.next_seq - 1 - tail)


class Printer:
    """Writes lines as text, coloured only on a terminal, or as JSON."""

    def __init__(self, output: TextIO, names: list[str], *, as_json: bool) -> None:
        self.printed = 0
        self._output = output
        self._names = names
        self._as_json = as_json
        self._is_terminal = output.isatty()
        self._width = max(map(len, names)) if len(names) > 1 else 0

    def print(self, lines: Iterable[Line], source: int) -> None:
        """Write the lines of one environment, named by its place among the names."""
        text = "".join(self._text(line, source) for line in lines)
        if text:
            self.printed += text.count("\n")
            self._output.write(text)
            self._output.flush()

    def _text(self, line: Line, source: int) -> str:
        if self._as_json:
            return self._json(line, source)
        return f"{self._name(source)}{self._message(line)}\n"

    def _json(self, line: Line, source: int) -> str:
        record: dict[str, object] = {
            "environment": self._names[source],
            "seq": line.seq or None,
            "timestamp": to_iso(line.time) if line.time else None,
            "stream": line.stream,
            "level": line.level.name.lower(),
            "message": line.text,
        }
        return json_line(record)

    def _name(self, source: int) -> str:
        if not self._width:
            return ""
        name = self._names[source].ljust(self._width)
        return f"{_coloured(name, _NAME_COLOURS[source % 8])} " if self._is_terminal else f"{name} "

    def _message(self, line: Line) -> str:
        if not self._is_terminal:
            return plain(line.text)
        level = _LEVEL_COLOURS.get(line.level, "")
        return "".join(
            _coloured(span.text, _sgr(span.ink) if span.ink != PLAIN else level)
            for span in spans(line.text)
        )


def _coloured(text: str, parameters: str) -> str:
    return f"\x1b[{parameters}m{text}\x1b[0m" if parameters else text


def _sgr(ink: Ink) -> str:
    """The parameters of SGR that draw an ink."""
    switches = {
        "1": ink.bold, "2": ink.dim, "3": ink.italic,
        "4": ink.underline, "7": ink.reverse, "9": ink.strike,
    }  # fmt: skip
    parameters = [code for code, is_on in switches.items() if is_on]
    for code, colour in (("38", ink.foreground), ("48", ink.background)):
        if isinstance(colour, int):
            parameters.append(f"{code};5;{colour}")
        elif colour is not None:
            parameters.append(f"{code};2;" + ";".join(map(str, colour)))
    return ";".join(parameters)


def _selection(level: str | None, grep: str | None) -> Selection:
    lowest = Level.UNKNOWN
    if level is not None:
        if level.lower() not in BY_WORD:
            raise UsageError(f"--level: there is no {level!r}: trace debug info warn error fatal")
        lowest = BY_WORD[level.lower()]
    if grep is None:
        return Selection(lowest=lowest)
    try:
        pattern = Pattern(grep)
    except PatternError as error:
        where = f"character {error.position + 1}"
        raise UsageError(f"--grep: {error.reason} (at {where} of {grep!r})") from None
    return Selection((Filter(grep, terms=(TextTerm(pattern),)),), lowest)


def _moment(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_moment(text, round(time.time() * 1000))
    except VibeBoxError as error:
        raise UsageError(f"{option}: {error}") from None
