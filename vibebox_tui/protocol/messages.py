"""The messages that travel over the WebSockets, one struct for each `type`.

The guide's messages come first, our extensions after them; a client that knows only the guide
never gets one of the latter. Every message is an envelope `{type, payload, timestamp}`; the two
unions at the end, `ClientMessage` and `ServerMessage`, are what the codec decodes into. Decoding
validates, so a message in hand is well-formed.

Names are snake_case here and camelCase on the wire. Extra fields on the wire are ignored, absent
optional ones are not sent.
"""

from typing import Annotated, Any, Literal

import msgspec

Stream = Literal["stdout", "stderr"]
StreamFilter = Literal["stdout", "stderr", "all"]
Change = Literal["created", "updated", "deleted"]

Timestamp = int | float | None
"""Milliseconds since the epoch, where the sender said; a `pong` echoes that of its `ping`."""

Cells = Annotated[int, msgspec.Meta(ge=1, le=1000)]
"""Rows or columns of a terminal."""

MOST = 2**53 - 1
"""The largest whole number that every reader of JSON has exactly (RFC 8259, section 6)."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
"""A number of things, or a position counted from 0."""

KNOWN_STATUSES = frozenset({"running", "stopped", "starting", "stopping", "error"})
"""The states of an environment that the guide has; a client shows any other as it is."""


class Payload(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """What a message carries; the base of every payload."""


class Message(msgspec.Struct, tag_field="type", rename="camel", omit_defaults=True, gc=False):
    """The envelope `{type, payload, timestamp}`; the subclass is the type."""


class Empty(Payload):
    """The payload of a message that says everything with its type."""


# --- payloads of the guide -----------------------------------------------------------------


class LogSubscribeRequest(Payload):
    """Ask for the log of one environment.

    With `request_id` history is wanted too: the last `tail` lines, or all `since` a sequence
    number (an integer, exclusive, valid within `epoch`) or a time (RFC 3339, inclusive).
    """

    environment_id: str
    stream: StreamFilter = "all"
    request_id: str | None = None
    tail: Count | None = None
    since: Annotated[int, msgspec.Meta(ge=-MOST, le=MOST)] | str | None = None
    epoch: str | None = None


class EnvironmentRequest(Payload):
    """Name the environment that a message is about."""

    environment_id: str


class LogEntry(Payload):
    """One line of output of an environment.

    `timestamp` is ISO 8601 in UTC with milliseconds and `Z`; `seq` counts from 1 without gaps
    within an environment and is None from servers that know only the guide. `request_id` tells
    which subscription it belongs to, where that had one.
    """

    environment_id: str
    stream: Stream
    message: str
    timestamp: str | None = None
    seq: int | None = None
    request_id: str | None = None


class EnvironmentStatus(Payload):
    """The state of one environment.

    `cpu_usage` is in percent of one core, `memory_usage` in MiB; what is not known is None.
    """

    environment_id: str
    status: str
    message: str | None = None
    cpu_usage: float | None = None
    memory_usage: float | None = None
    container_id: str | None = None


class TerminalInputRequest(Payload):
    """Write `data` to a session; `client_id` and `input_seq` (from 1) ask for a receipt."""

    session_id: str
    data: str
    client_id: str | None = None
    input_seq: Count | None = None


class TerminalSize(Payload):
    """The size of a session's terminal in character cells."""

    session_id: str
    rows: Cells
    cols: Cells


class TerminalData(Payload):
    """Output of a session.

    `seq` is the number of bytes of the session's output consumed up to this message's end, never
    in the middle of a character; the pieces of a redraw have `redraw` set and no `seq`.
    """

    session_id: str
    data: str
    seq: int | None = None
    redraw: bool = False


class ErrorReport(Payload):
    """Why a message or a connection was refused; `message` is what servers beyond the guide use."""

    error: str = ""
    code: str = ""
    message: str = ""
    details: dict[str, Any] | None = None


# --- payloads of our extensions ------------------------------------------------------------


class SeqRange(Payload):
    """Sequence numbers `first` to `last`, both inclusive (`from` and `to` on the wire)."""

    first: int = msgspec.field(name="from")
    last: int = msgspec.field(name="to")


class LogSubscription(Payload):
    """A subscription with history begins; `gap` is what can no longer be had of it."""

    environment_id: str
    request_id: str
    epoch: str
    gap: SeqRange | None


class LogLiveMark(Payload):
    """The history is complete; what follows is live and begins at `next_seq`."""

    environment_id: str
    request_id: str
    next_seq: int


class LogGapReport(Payload):
    """Retention deleted entries before a slow reader had got them."""

    environment_id: str
    first: int = msgspec.field(name="from")
    last: int = msgspec.field(name="to")
    request_id: str | None = None


class LogBatch(Payload):
    """Every entry that matches the filter up to `through_seq` has now been sent."""

    environment_id: str
    through_seq: int
    entries: list[LogEntry]
    request_id: str | None = None


class TerminalAttachRequest(Payload):
    """Attach to a session: from byte `since` where the server still has it, else by a redraw."""

    session_id: str
    rows: Cells
    cols: Cells
    since: Count | None = None
    read_only: bool = False


class TerminalAttachment(Payload):
    """The attachment stands; `redraw` says whether the screen begins anew."""

    session_id: str
    rows: Cells
    cols: Cells
    redraw: bool


class TerminalPosition(Payload):
    """A position in a session's output, in bytes from its start."""

    session_id: str
    seq: int


class SessionRequest(Payload):
    """Name the session that a message is about."""

    session_id: str


class TerminalResize(Payload):
    """The terminal has another size from output position `seq` on."""

    session_id: str
    rows: Cells
    cols: Cells
    seq: int


class InputReceipt(Payload):
    """Input `input_seq` of `client_id` has been written to the session, once."""

    session_id: str
    client_id: str
    input_seq: int


class SessionExit(Payload):
    """A session ended; `exit_code` is negative for a signal, None where it is not known."""

    session_id: str
    exit_code: int | None


class EnvironmentChange(Payload):
    """An environment was created, updated or deleted."""

    environment_id: str
    change: Change


# --- messages, client to server ------------------------------------------------------------


class LogSubscribe(Message, tag="log_subscribe"):
    payload: LogSubscribeRequest
    timestamp: Timestamp = None


class LogUnsubscribe(Message, tag="log_unsubscribe"):
    payload: EnvironmentRequest
    timestamp: Timestamp = None


class EnvSubscribe(Message, tag="env_subscribe"):
    payload: EnvironmentRequest
    timestamp: Timestamp = None


class EnvUnsubscribe(Message, tag="env_unsubscribe"):
    payload: EnvironmentRequest
    timestamp: Timestamp = None


class EnvListSubscribe(Message, tag="env_list_subscribe"):
    payload: Empty = msgspec.field(default_factory=Empty)
    timestamp: Timestamp = None


class TerminalInput(Message, tag="terminal_input"):
    payload: TerminalInputRequest
    timestamp: Timestamp = None


class TerminalResizeRequest(Message, tag="terminal_resize"):
    payload: TerminalSize
    timestamp: Timestamp = None


class TerminalAttach(Message, tag="terminal_attach"):
    payload: TerminalAttachRequest
    timestamp: Timestamp = None


class TerminalDetach(Message, tag="terminal_detach"):
    payload: SessionRequest
    timestamp: Timestamp = None


class TerminalAck(Message, tag="terminal_ack"):
    payload: TerminalPosition
    timestamp: Timestamp = None


class Ping(Message, tag="ping"):
    payload: Empty = msgspec.field(default_factory=Empty)
    timestamp: Timestamp = None


# --- messages, server to client ------------------------------------------------------------


class Log(Message, tag="log"):
    payload: LogEntry
    timestamp: Timestamp = None


class EnvStatus(Message, tag="env_status"):
    payload: EnvironmentStatus
    timestamp: Timestamp = None


class TerminalOutput(Message, tag="terminal_output"):
    payload: TerminalData
    timestamp: Timestamp = None


class Pong(Message, tag="pong"):
    payload: Empty = msgspec.field(default_factory=Empty)
    timestamp: Timestamp = None


class Error(Message, tag="error"):
    payload: ErrorReport
    timestamp: Timestamp = None


class LogSubscribed(Message, tag="log_subscribed"):
    payload: LogSubscription
    timestamp: Timestamp = None


class LogLive(Message, tag="log_live"):
    payload: LogLiveMark
    timestamp: Timestamp = None


class LogGap(Message, tag="log_gap"):
    payload: LogGapReport
    timestamp: Timestamp = None


class Logs(Message, tag="logs"):
    payload: LogBatch
    timestamp: Timestamp = None


class TerminalAttached(Message, tag="terminal_attached"):
    payload: TerminalAttachment
    timestamp: Timestamp = None


class TerminalLive(Message, tag="terminal_live"):
    payload: TerminalPosition
    timestamp: Timestamp = None


class TerminalResized(Message, tag="terminal_resized"):
    payload: TerminalResize
    timestamp: Timestamp = None


class TerminalInputAck(Message, tag="terminal_input_ack"):
    payload: InputReceipt
    timestamp: Timestamp = None


class TerminalExit(Message, tag="terminal_exit"):
    payload: SessionExit
    timestamp: Timestamp = None


class EnvListChanged(Message, tag="env_list_changed"):
    payload: EnvironmentChange
    timestamp: Timestamp = None


ClientMessage = (
    LogSubscribe
    | LogUnsubscribe
    | EnvSubscribe
    | EnvUnsubscribe
    | EnvListSubscribe
    | TerminalInput
    | TerminalResizeRequest
    | TerminalAttach
    | TerminalDetach
    | TerminalAck
    | Ping
)
"""Whatever a client may send."""

ServerMessage = (
    Log
    | EnvStatus
    | TerminalOutput
    | Pong
    | Error
    | LogSubscribed
    | LogLive
    | LogGap
    | Logs
    | TerminalAttached
    | TerminalLive
    | TerminalResized
    | TerminalInputAck
    | TerminalExit
    | EnvListChanged
)
"""Whatever a server may send."""
