"""What the readers of subscriptions get: typed events, one union for each kind of subscription."""

from dataclasses import dataclass
from enum import StrEnum

from vibebox_tui.protocol.messages import Change, EnvironmentStatus, LogEntry


class LinkPhase(StrEnum):
    """Where a link to the server stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    STALE = "stale"
    """Open, but the server hasn't answered for a while: what is shown may be old."""
    WAITING = "waiting"
    """Lost; the next attempt is at `LinkState.retry_at`."""
    REFUSED = "refused"
    """The server said no; nothing is tried until the user asks for it."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LinkState:
    """How a link is now.

    `since` is when it came to this, or for STALE when the server was last heard; with `retry_at`
    in seconds since the epoch. `round_trip` is in seconds (None: not yet measured), `attempt`
    counts failures in a row from 1 (0: none). `reason` is a sentence, empty where there is nothing
    to explain. `login_required` tells a refusal that new credentials would cure from any other.
    """

    phase: LinkPhase
    since: float
    round_trip: float | None = None
    attempt: int = 0
    max_attempts: int = 0
    retry_at: float | None = None
    reason: str = ""
    login_required: bool = False


# --- logs ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogLines:
    """Entries in their order, at least one; `history` says that they are older than the view."""

    entries: list[LogEntry]
    history: bool = False


@dataclass(frozen=True, slots=True)
class LogLiveNow:
    """The history is complete; what follows is live."""


@dataclass(frozen=True, slots=True)
class LogHole:
    """Entries `first` to `last` (`seq`, inclusive; None: not known) can't be had any more."""

    first: int | None
    last: int | None
    why: str


@dataclass(frozen=True, slots=True)
class LogResumed:
    """The log goes on after an interruption; comes after the lines that were caught up.

    Times are seconds since the epoch, `caught_up` counts the lines got belatedly, `missing` those
    that the server no longer has. `complete` is None where the server can't prove it (no `seq`).
    """

    lost_at: float
    restored_at: float
    caught_up: int
    complete: bool | None
    missing: int = 0


LogEvent = LogLines | LogLiveNow | LogHole | LogResumed | LinkState

# --- status --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """The newest status of an environment; `received_at` is seconds since the epoch."""

    status: EnvironmentStatus
    received_at: float


StatusEvent = StatusUpdate | LinkState


@dataclass(frozen=True, slots=True)
class EnvironmentChanged:
    """An environment was created, updated or deleted."""

    environment_id: str
    change: Change


ListEvent = EnvironmentChanged | LinkState

# --- terminals -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TerminalReset:
    """The screen begins anew: forget the old one, with its scrollback, and take this size."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class TerminalText:
    """Output to feed to the emulator."""

    data: str


@dataclass(frozen=True, slots=True)
class TerminalLiveNow:
    """What the terminal shows is its present state; what follows is live."""


@dataclass(frozen=True, slots=True)
class TerminalSizeChanged:
    """The session has another size from here on."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class TerminalEnded:
    """The session is over; negative for a signal, None where the server didn't say."""

    exit_code: int | None


@dataclass(frozen=True, slots=True)
class InputPending:
    """How it stands with what was typed; all 0 where all of it has been written.

    `characters` couldn't be sent yet; with `held`, they are sent only after
    `TerminalLink.release_pending()`. `refused` counts those that were not taken because the bound
    was reached, `unanswered` those that were sent so long ago, or over a link that was lost
    meanwhile, that the answer is overdue. `TerminalLink.unconfirmed_input` is their text.
    """

    characters: int
    held: bool = False
    refused: int = 0
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class InputUncertain:
    """The link was cut after `data` was sent; this server can't say whether it was written."""

    data: str


@dataclass(frozen=True, slots=True)
class InputLost:
    """The session is over, and `data` was typed before that was known: it won't be written."""

    data: str


TerminalEvent = (
    TerminalReset
    | TerminalText
    | TerminalLiveNow
    | TerminalSizeChanged
    | TerminalEnded
    | InputPending
    | InputUncertain
    | InputLost
    | LinkState
)
