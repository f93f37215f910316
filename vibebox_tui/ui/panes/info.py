"""The details of one environment: what it runs, where, with what limits, and how it is."""

import asyncio
import logging
import re
import shlex
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from vibebox_tui.client.errors import ClientError
from vibebox_tui.client.events import LinkState, StatusUpdate
from vibebox_tui.protocol.messages import EnvironmentStatus
from vibebox_tui.protocol.models import Environment, EnvironmentStats, Session
from vibebox_tui.ui.figures import (
    bytes_text,
    cpu_text,
    duration_text,
    memory_text,
    seconds_since,
)
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.roster import UNKNOWN
from vibebox_tui.ui.theme import state_token
from vibebox_tui.ui.widgets.labelled_lines import LabelledLine, LabelledLines

_log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 3.0
"""Between two looks at which terminals there are, and what went in and out: nobody pushes that."""

_SECRET_NAME: Final = re.compile(
    r"token|secret|passw|pwd|credential|private|auth|key|dsn|cookie", re.IGNORECASE
)
"""Names of variables whose values are never shown."""

_SHORT_ID: Final = 12
"""Characters of a container's id that the docker command shows, and takes for the whole."""

_LABEL_CELLS: Final = 14
"""Columns for what a line is about."""


class InfoPane(Pane):
    """Shows everything that is known of the environment; values that may be secret are hidden."""

    NOUN = "Info"

    _drawn: Sequence[tuple[str, str, str]] = ()
    """What is shown: label, text and ink of each line."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="info-body", can_focus=True):
            yield LabelledLines(_LABEL_CELLS)

    def on_mount(self) -> None:
        self.set_interval(1.0, self._draw)

    def reset(self) -> None:
        self._status: EnvironmentStatus | None = None
        self._seen_at: float | None = None
        self._sessions: list[Session] = []
        self._stats: EnvironmentStats | None = None
        self._draw()

    def watch_environment(self) -> None:
        self._draw()

    @property
    def focus_target(self) -> Widget | None:
        return self.query_one(VerticalScroll)

    async def follow(self) -> None:
        environment = self.environment
        if environment is None:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look(environment.id))
            async with self.client.status(environment.id) as updates:
                async for event in updates:
                    match event:
                        case StatusUpdate(status, received_at):
                            self._status, self._seen_at = status, received_at
                        case LinkState():
                            self.show_link(event)
                    self._draw()

    async def _look(self, environment_id: str) -> None:
        """Read what nobody pushes, again and again while anybody looks."""
        rest = self.client.rest
        while True:
            if self.is_on_screen:
                try:
                    self._sessions = await rest.sessions(environment_id)
                    self._stats = await rest.environment_stats(environment_id)
                except ClientError as error:
                    _log.info("no sessions or figures of %s: %s", environment_id, error)
                self._draw()
            await asyncio.sleep(LOOK_SECONDS)

    def _draw(self) -> None:
        if not self.is_mounted or not self.display:
            return
        lines = [] if self.environment is None else self._lines(self.environment)
        if lines != self._drawn:
            self._drawn = lines
            self.query_one(LabelledLines).show(_line(*line) for line in lines)

    def _lines(self, environment: Environment) -> list[tuple[str, str, str]]:
        return [
            *_what(environment),
            *self._how(environment),
            *_terminals(self._sessions, self.settings.clock()),
            *_where(environment),
        ]

    def _how(self, environment: Environment) -> list[tuple[str, str, str]]:
        """How the environment is, as far as it can be seen."""
        now, glyphs = self.settings.clock(), self.settings.glyphs
        status = self._status
        state = UNKNOWN if self.has_class("-stale") else environment.status
        if status is not None and not self.has_class("-stale"):
            state = status.status
        ink = "$ink-faint" if self.has_class("-stale") else "$ink"
        lines = [("State", f"{glyphs.state(state)} {state}", state_token(state))]
        if status is not None and status.message:
            lines.append(("", status.message, state_token(state)))
        age = seconds_since(environment.started_at, now)
        if state == "running" and age is not None:
            lines.append(("Running for", duration_text(age), ink))
        if self.has_class("-stale") and self._seen_at is not None:
            lines.append(("Last seen", f"{duration_text(now - self._seen_at)} ago", "$warning"))
        cpu, memory = (status.cpu_usage, status.memory_usage) if status else (None, None)
        cores = f" of {environment.cpu_limit * 100:.0f}%" if environment.cpu_limit else ""
        limit = environment.memory_limit
        most = f" of {memory_text(limit, glyphs).strip()}" if limit else ""
        lines.append(("CPU", cpu_text(cpu, glyphs).strip() + cores, ink))
        lines.append(("Memory", memory_text(memory, glyphs).strip() + most, ink))
        if environment.limits_note:
            lines.append(("", environment.limits_note, "$warning"))
        if state == "running" and self._stats is not None:
            lines += _moved(self._stats, ink)
        if environment.last_error and (status is None or environment.last_error != status.message):
            lines.append(("Last error", environment.last_error, "$state-error"))
        return [*lines, ("", "", "")]


def _what(environment: Environment) -> list[tuple[str, str, str]]:
    lines = [
        ("Name", environment.name, "bold $ink"),
        ("", environment.description, "$ink-dim"),
        ("Id", environment.id, "$ink"),
        ("Runtime", environment.runtime, "$ink"),
        ("Project", environment.group, "$ink"),
        (
            "Access",
            "to be watched only: it was found running" if environment.read_only else "",
            "$ink",
        ),
        ("Image", environment.base_image or "", "$ink"),
        ("Command", shlex.join(environment.command), "$ink"),
        ("Directory", environment.working_directory or "", "$ink"),
    ]
    return [*(line for line in lines if line[1]), ("", "", "")]


def _moved(stats: EnvironmentStats, ink: str) -> list[tuple[str, str, str]]:
    """What went over network and disks since the start, where that is measured."""
    amounts = (
        ("Network", stats.network_received, "received", stats.network_sent, "sent"),
        ("Disks", stats.block_read, "read", stats.block_written, "written"),
    )
    return [
        (label, f"{bytes_text(inwards)} {came}, {bytes_text(outwards)} {went}", ink)
        for label, inwards, came, outwards, went in amounts
        if inwards is not None and outwards is not None
    ]


def _terminals(sessions: list[Session], now: float) -> list[tuple[str, str, str]]:
    """The terminals that are open, with what is known of each."""
    open_ones = [session for session in sessions if session.status != "terminated"]
    labels = ["Terminals", *[""] * (len(open_ones) - 1)]
    lines = [
        (label, _terminal(session, now), "$ink")
        for label, session in zip(labels, open_ones, strict=False)
    ]
    return [*lines, ("", "", "")] if lines else []


def _terminal(session: Session, now: float) -> str:
    facts = [session.session_name or session.id, session.session_type, session.status]
    if session.pid is not None:
        facts.append(f"pid {session.pid}")
    quiet = seconds_since(session.last_activity_at, now)
    if quiet is not None:
        facts.append(f"used {duration_text(quiet)} ago")
    return "  ".join(facts)


def _where(environment: Environment) -> list[tuple[str, str, str]]:
    lines = [
        ("Owner", environment.owner_id + (" (shared)" if environment.shared else ""), "$ink"),
        ("Created", _local_time(environment.created_at), "$ink"),
        ("Started", _local_time(environment.started_at), "$ink"),
        ("Container", (environment.container_id or "")[:_SHORT_ID], "$ink"),
        ("Ports", _ports(environment), "$ink"),
    ]
    known = [line for line in lines if line[1]]
    variables = sorted(environment.environment_variables.items())
    shown = [f"{name}={_shown_value(name, value)}" for name, value in variables]
    labels = ["Variables", *[""] * (len(shown) - 1)]
    return [*known, *((label, text, "$ink") for label, text in zip(labels, shown, strict=False))]


def _ports(environment: Environment) -> str:
    """A container's ports, each with where it is published, as in `80/tcp on 8080`."""
    bindings = (environment.container or {}).get("PortBindings")
    if not isinstance(bindings, dict):
        return ""
    return ", ".join(_published(port, places) for port, places in sorted(bindings.items()))


def _published(port: str, places: object) -> str:
    hosts = places if isinstance(places, list) else []
    numbers = sorted({str(place.get("HostPort", "")) for place in hosts if isinstance(place, dict)})
    return f"{port} on {' '.join(numbers)}" if any(numbers) else port


def _shown_value(name: str, value: str) -> str:
    return "(hidden)" if _SECRET_NAME.search(name) else value


def _local_time(iso_time: str | None) -> str:
    age = seconds_since(iso_time, 0.0)
    if age is None:
        return ""
    return datetime.fromtimestamp(-age).strftime("%Y-%m-%d %H:%M:%S")


def _line(label: str, text: str, ink: str) -> LabelledLine:
    return Content.assemble((label, "$ink-dim")), Content.assemble((text, ink))
