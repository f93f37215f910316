"""The terminal endpoint: attaching to sessions, typing, sizes."""

import asyncio
from functools import partial
from typing import assert_never

from vibebox_tui.protocol.messages import (
    InputReceipt,
    TerminalAck,
    TerminalAttach,
    TerminalAttachRequest,
    TerminalDetach,
    TerminalInput,
    TerminalInputAck,
    TerminalInputRequest,
    TerminalResizeRequest,
    TerminalSize,
)
from vibebox_tui.server.auth import Action, ForbiddenError, may
from vibebox_tui.server.endpoints.base import ClientConnection, Endpoint
from vibebox_tui.server.errors import ConflictError, ServerError, SessionNotFoundError
from vibebox_tui.server.frames import now_ms
from vibebox_tui.server.terminal_cursor import TerminalCursor

TerminalRequest = (
    TerminalInput | TerminalResizeRequest | TerminalAttach | TerminalDetach | TerminalAck
)


class TerminalEndpoint(Endpoint):
    """Input goes to a session in the order in which it came, without holding up what follows it:
    acknowledgements must get through while a program doesn't read. What was taken is written,
    also when the connection has gone by then.
    """

    messages = (TerminalInput, TerminalResizeRequest, TerminalAttach, TerminalDetach, TerminalAck)

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__(connection)
        self._typing: set[asyncio.Task[None]] = set()
        self._pending_bytes = 0

    async def open(self) -> None:
        """Attach to the session that the URL names."""
        session_id = self.connection.upgrade.query.get("sessionId")
        if session_id:
            try:
                self._attach_plainly(session_id)
            except ServerError as error:
                self.connection.complain(error)

    async def act_on(self, message: TerminalRequest) -> None:
        """Do what the message asks for."""
        match message:
            case TerminalInput(payload=request):
                await self._type(request)
            case TerminalResizeRequest(payload=request):
                await self._resize(request)
            case TerminalAttach(payload=request):
                await self._attach(request)
            case TerminalDetach(payload=request):
                service = self.backend.service
                service.unsubscribe_from_session(self.connection.client_id, request.session_id)
            case TerminalAck(payload=position):
                if cursor := self._attached(position.session_id):
                    cursor.acknowledge(position.seq)
            case _:
                assert_never(message)

    def act_now(self, message: TerminalRequest) -> bool:
        """Type at once, so that the echo comes soon."""
        match message:
            case TerminalInput(payload=request):
                return self._type_now(request)
            case TerminalAck(payload=position) if cursor := self._attached(position.session_id):
                cursor.acknowledge(position.seq)
                return True
            case _:
                return False

    # --- attaching -------------------------------------------------------------------------

    async def _attach(self, request: TerminalAttachRequest) -> None:
        self._require(Action.WATCH, request.session_id)
        service, client_id = self.backend.service, self.connection.client_id
        cursor = service.terminal_of(client_id, request.session_id)
        cursor.read_only = request.read_only or not self._may_type(request.session_id)
        cursor.wanted = (request.rows, request.cols)
        if not cursor.read_only and not (cursor.channel.cursors - {cursor}):
            await self._adopt_size(cursor)
        cursor.attach(request.since)

    def _attach_plainly(self, session_id: str) -> TerminalCursor:
        """Attach a client that knows only the guide, unless it is attached."""
        self._require(Action.WATCH, session_id)
        client_id = self.connection.client_id
        self.backend.service.subscribe_to_session(client_id, session_id)
        cursor = self.backend.service.terminal_of(client_id, session_id)
        if cursor.knows_only_guide:
            cursor.read_only = not self._may_type(session_id)
        return cursor

    def _attached(self, session_id: str) -> TerminalCursor | None:
        return self.backend.service.attached(self.connection.client_id, session_id)

    def lose_sessions(self, environment_id: str) -> None:
        """End what is watched of an environment that is no longer to be seen."""
        of_it = {session.id for session in self.backend.sessions.list(environment_id)}
        service, client_id = self.backend.service, self.connection.client_id
        for session_id in service.followed_sessions(client_id):
            if session_id in of_it:
                service.unsubscribe_from_session(client_id, session_id)
                self.connection.complain(SessionNotFoundError(session_id))

    # --- typing ----------------------------------------------------------------------------

    async def _type(self, request: TerminalInputRequest) -> None:
        cursor = self._attach_plainly(request.session_id)
        self._check_writable(cursor)
        await self._adopt_size(cursor)
        cursor.expect_echo()
        while self._typing and self._pending_bytes > self._limit:
            await asyncio.wait(self._typing, return_when=asyncio.FIRST_COMPLETED)
        self._pending_bytes += len(request.data)
        task = asyncio.create_task(self._write(request))
        self._typing.add(task)
        task.add_done_callback(self._typing.discard)

    def _type_now(self, request: TerminalInputRequest) -> bool:
        cursor = self._attached(request.session_id)
        if cursor is None or not self._can_type_now(cursor, request):
            return False
        cursor.expect_echo()
        try:
            written = self.backend.sessions.write_now(
                request.session_id,
                request.data,
                client_id=request.client_id,
                input_seq=request.input_seq,
            )
        except ServerError as error:
            self.connection.complain(error)
            return True
        if written is None:
            self._acknowledge(request)
        else:
            written.add_done_callback(partial(self._written, request))
        return True

    def _can_type_now(self, cursor: TerminalCursor, request: TerminalInputRequest) -> bool:
        """Whether nothing is to be waited for or to be complained about."""
        if cursor.read_only or self._typing or not self._has_size(cursor):
            return False
        try:
            self._require(Action.TYPE, request.session_id)
            return self.backend.sessions.can_write_now(request.session_id, request.data)
        except ServerError:
            return False

    def _written(self, request: TerminalInputRequest, written: asyncio.Future[None]) -> None:
        if written.cancelled():
            return
        if isinstance(error := written.exception(), ServerError):
            self.connection.complain(error)
        else:
            self._acknowledge(request)

    async def _write(self, request: TerminalInputRequest) -> None:
        try:
            await self.backend.sessions.write(
                request.session_id,
                request.data,
                client_id=request.client_id,
                input_seq=request.input_seq,
            )
        except ConflictError:
            self.connection.complain(SessionNotFoundError(request.session_id))
        except ServerError as error:
            self.connection.complain(error)
        else:
            self._acknowledge(request)
        finally:
            self._pending_bytes -= len(request.data)

    def _acknowledge(self, request: TerminalInputRequest) -> None:
        if request.client_id is not None and request.input_seq is not None:
            receipt = InputReceipt(request.session_id, request.client_id, request.input_seq)
            self.connection.reply(TerminalInputAck(receipt, now_ms()))

    # --- size ------------------------------------------------------------------------------

    async def _resize(self, size: TerminalSize) -> None:
        cursor = self._attach_plainly(size.session_id)
        self._check_writable(cursor)
        cursor.wanted = (size.rows, size.cols)
        await self._adopt_size(cursor)

    async def _adopt_size(self, cursor: TerminalCursor) -> None:
        """Give the session the size that its client last asked for."""
        if cursor.wanted is not None and not self._has_size(cursor):
            await self.backend.sessions.resize(cursor.channel.session_id, *cursor.wanted)

    def _has_size(self, cursor: TerminalCursor) -> bool:
        """Whether the session has the size that its client last asked for, if any."""
        return cursor.wanted in (None, (cursor.channel.rows, cursor.channel.columns))

    # --- who may ---------------------------------------------------------------------------

    @property
    def _limit(self) -> int:
        return self.backend.settings.limits.input_pending_bytes

    def _require(self, action: Action, session_id: str) -> None:
        self.backend.session(self.connection.identity, action, session_id)

    def _may_type(self, session_id: str) -> bool:
        session = self.backend.sessions.get(session_id)
        environment = self.backend.environments.get(session.environment_id)
        return may(self.connection.identity, Action.TYPE, environment)

    def _check_writable(self, cursor: TerminalCursor) -> None:
        session_id = cursor.channel.session_id
        self._require(Action.TYPE, session_id)
        if cursor.read_only:
            raise ForbiddenError("You are attached for reading only", sessionId=session_id)
