"""The channels: what is delivered, and the cursors of those who read it."""

from collections import defaultdict
from collections.abc import Iterable

from vibebox_tui.protocol.messages import (
    EnvironmentStatus,
    EnvStatus,
    LogSubscribeRequest,
)
from vibebox_tui.server.errors import SessionNotFoundError
from vibebox_tui.server.frames import Prepared, now_ms
from vibebox_tui.server.log_block import LogSpan
from vibebox_tui.server.log_channel import LogChannel
from vibebox_tui.server.log_cursor import LogCursor
from vibebox_tui.server.log_pages import LogSource
from vibebox_tui.server.log_view import LogView
from vibebox_tui.server.status_cursor import ListCursor, StatusCursor
from vibebox_tui.server.terminal_channel import TerminalChannel, TerminalHost
from vibebox_tui.server.terminal_cursor import TerminalCursor
from vibebox_tui.server.writer import Writer


class Subscriber:
    """All that one connection reads; `batch` says that it takes logs in batches."""

    def __init__(self, writer: Writer, *, batch: bool) -> None:
        self.writer = writer
        self.batch = batch
        self.logs: dict[str, LogCursor] = {}
        self.status = StatusCursor(writer)
        self.statuses: set[str] = set()
        self.list: ListCursor | None = None
        self.terminals: dict[str, TerminalCursor] = {}

    def follow_list(self, visible: Iterable[str]) -> None:
        """Learn of changes in the list of environments; `visible` is what is in it now."""
        self.list = ListCursor(self.writer, visible)


class Hub:
    """Every channel of this server and every subscription to them.

    A channel of a log exists while somebody reads it, that of a terminal while its session does.
    `host` is who acts on sessions; it is set once it exists, before the first session.
    """

    def __init__(self, source: LogSource) -> None:
        self.host: TerminalHost | None = None
        self._source = source
        self._logs: dict[str, LogChannel] = {}
        self._statuses: defaultdict[str, set[StatusCursor]] = defaultdict(set)
        self._terminals: dict[str, TerminalChannel] = {}

    # --- logs ------------------------------------------------------------------------------

    def publish_log(self, span: LogSpan) -> None:
        """Deliver committed lines to who reads that log."""
        channel = self._logs.get(span.environment_id)
        if channel is not None:
            channel.publish(span)

    def follow_log(self, subscriber: Subscriber, request: LogSubscribeRequest) -> LogCursor:
        """A cursor in place of the subscriber's former one, still to be begun.

        One that knows only the guide goes on where its former one was.
        """
        environment_id = request.environment_id
        former = subscriber.logs.get(environment_id)
        channel = self._logs.get(environment_id)
        if channel is None:
            channel = self._logs[environment_id] = LogChannel(environment_id, self._source)
        view = LogView(
            environment_id,
            request.stream,
            subscriber.writer.form,
            subscriber.batch,
            request.request_id,
        )
        cursor = LogCursor(channel, view, subscriber.writer, self._source)
        if former is not None:
            cursor.position = former.position
            former.close()
        subscriber.logs[environment_id] = cursor
        return cursor

    def leave_log(self, subscriber: Subscriber, environment_id: str) -> None:
        """End a subscription; none is no error."""
        cursor = subscriber.logs.pop(environment_id, None)
        if cursor is not None:
            cursor.close()
        channel = self._logs.get(environment_id)
        if channel is not None and not channel.cursors:
            del self._logs[environment_id]

    @property
    def log_lag(self) -> int:
        """Entries by which the slowest reader of a log is behind."""
        return max(
            (cursor.lag for channel in self._logs.values() for cursor in channel.cursors), default=0
        )

    @property
    def terminal_lag(self) -> int:
        """Bytes of output by which the slowest client of a terminal is behind."""
        channels = self._terminals.values()
        return max((cursor.lag for channel in channels for cursor in channel.cursors), default=0)

    @property
    def log_count(self) -> int:
        """How many logs are read by anybody."""
        return len(self._logs)

    # --- status ----------------------------------------------------------------------------

    def publish_status(self, status: EnvironmentStatus) -> None:
        """Deliver the newest status to who follows that environment."""
        cursors = self._statuses.get(status.environment_id)
        if cursors:
            prepared = Prepared.of(EnvStatus(status, now_ms()))
            for cursor in cursors:
                cursor.offer(status.environment_id, prepared)

    def follow_status(self, subscriber: Subscriber, present: EnvironmentStatus) -> None:
        """Deliver the present status, then every newer one."""
        environment_id = present.environment_id
        subscriber.statuses.add(environment_id)
        self._statuses[environment_id].add(subscriber.status)
        subscriber.status.offer(environment_id, Prepared.of(EnvStatus(present, now_ms())))

    def leave_status(self, subscriber: Subscriber, environment_id: str) -> None:
        """End a subscription; what still waits of it is sent."""
        subscriber.statuses.discard(environment_id)
        cursors = self._statuses.get(environment_id)
        if cursors is not None:
            cursors.discard(subscriber.status)
            if not cursors:
                del self._statuses[environment_id]

    # --- terminals -------------------------------------------------------------------------

    def open_terminal(self, session_id: str, rows: int, columns: int, seq: int) -> TerminalChannel:
        """The channel of a session that begins, or is found again at position `seq`."""
        if self.host is None:
            raise RuntimeError("there are no sessions yet to have a terminal")
        channel = TerminalChannel(session_id, rows, columns, self.host, seq)
        self._terminals[session_id] = channel
        return channel

    def terminal(self, session_id: str) -> TerminalChannel:
        """The channel of a session. Raises SessionNotFoundError."""
        channel = self._terminals.get(session_id)
        if channel is None:
            raise SessionNotFoundError(session_id)
        return channel

    def known_terminal(self, session_id: str) -> TerminalChannel | None:
        """The channel of a session, None where it has ended."""
        return self._terminals.get(session_id)

    def forget_terminal(self, session_id: str) -> TerminalChannel | None:
        """Take the channel of a session that ends."""
        return self._terminals.pop(session_id, None)

    def follow_terminal(self, subscriber: Subscriber, session_id: str) -> TerminalCursor:
        """The subscriber's cursor in a session, a new one still to be attached."""
        cursor = subscriber.terminals.get(session_id)
        if cursor is None:
            cursor = TerminalCursor(self.terminal(session_id), subscriber.writer)
            subscriber.terminals[session_id] = cursor
        return cursor

    def leave_terminal(self, subscriber: Subscriber, session_id: str) -> None:
        """Detach; not being attached is no error."""
        cursor = subscriber.terminals.pop(session_id, None)
        if cursor is not None:
            cursor.close()

    # --- all -------------------------------------------------------------------------------

    def leave_all(self, subscriber: Subscriber) -> None:
        """End every subscription."""
        for environment_id in list(subscriber.logs):
            self.leave_log(subscriber, environment_id)
        for environment_id in list(subscriber.statuses):
            self.leave_status(subscriber, environment_id)
        for session_id in list(subscriber.terminals):
            self.leave_terminal(subscriber, session_id)
        subscriber.list = None

    def close(self) -> None:
        """Let go of every screen."""
        for channel in self._terminals.values():
            channel.close()
        self._terminals.clear()
