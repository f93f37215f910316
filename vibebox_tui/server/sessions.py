"""Terminal sessions: PTYs that live on without a client."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Coroutine
from typing import Final

import msgspec

from vibebox_tui.protocol.messages import SessionExit
from vibebox_tui.protocol.models import CreateSessionRequest, Environment, Session, SessionType
from vibebox_tui.server.environments import Environments
from vibebox_tui.server.errors import (
    ConflictError,
    EnvironmentNotFoundError,
    ServerError,
    SessionNotFoundError,
)
from vibebox_tui.server.runtimes.base import Runtime, Terminal, TerminalSpec
from vibebox_tui.server.session_life import SessionAudience, SessionLife
from vibebox_tui.server.store import Store
from vibebox_tui.server.times import iso_now

_ENDED_KEPT: Final = 20
"""Ended sessions of which the exit code can still be asked for, in each environment."""

_LOOK: Final = 15.0
"""Seconds between two looks for sessions that have become idle."""

_log = logging.getLogger(__name__)


class SessionSettings(msgspec.Struct, frozen=True):
    """How sessions are treated."""

    idle_after: float = 30 * 60.0
    """Seconds without a client and without input after which a session counts as idle."""

    end_idle_after: float | None = None
    """Seconds without either after which a session is ended; None keeps it."""


class Sessions:
    """All terminal sessions of this server. Called on the event loop only.

    Raises:
        SessionNotFoundError: from every method with an id that doesn't exist.
    """

    def __init__(
        self,
        store: Store,
        environments: Environments,
        audience: SessionAudience,
        settings: SessionSettings | None = None,
    ) -> None:
        self._store = store
        self._environments = environments
        self._audience = audience
        self._settings = settings or SessionSettings()
        self._lives: dict[str, SessionLife] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        environments.on_deleted(self._end_all_of)

    async def open(self) -> None:
        """Find the sessions that a server before this one had opened; after `Environments.open`."""
        for session in await self._store.sessions():
            await self._recover(session)
        self._spawn(self._look_for_idle(), "idle sessions")

    async def close(self, *, leave_running: bool) -> None:
        """Let go of them; they are ended, or left to go on."""
        living = [life for life in self._lives.values() if life.terminal is not None]
        if not leave_running:
            await asyncio.gather(*(self._end(life) for life in living))
        for life in living:
            await life.saving.finish()
            await self._store.save_session(life.session)
        for task in self._tasks.copy():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # --- what there is

    def get(self, session_id: str) -> Session:
        """The session with its present status."""
        return self._life(session_id).session

    def list(self, environment_id: str | None = None) -> list[Session]:
        """The sessions of an environment, or all, oldest first."""
        return [
            life.session
            for life in self._lives.values()
            if environment_id in (None, life.session.environment_id)
        ]

    def size(self, session_id: str) -> tuple[int, int]:
        """Rows and columns of its terminal."""
        life = self._life(session_id)
        return life.rows, life.cols

    # --- lives

    async def create(self, environment_id: str, request: CreateSessionRequest) -> Session:
        """Open a session.

        Raises:
            EnvironmentNotFoundError
            ConflictError: the name is taken, or the environment must run first.
            StartFailedError: there is no shell, no tmux or no working directory.
        """
        environment = self._environments.get(environment_id)
        runtime = self._environments.runtime(environment_id)
        if self._environments.is_leaving(environment_id):
            raise EnvironmentNotFoundError(environment_id)
        if environment.read_only:
            raise ConflictError(
                f"{environment.name} may only be watched", environmentId=environment_id
            )
        if runtime.sessions_need_running and environment.status != "running":
            raise ConflictError(
                f"{environment.name} is {environment.status}; start it to open a session",
                environmentId=environment_id,
            )
        life = self._admit(environment, request)
        session = life.session
        try:
            # First, so that a server after this one knows whose terminal the runtime has.
            await self._store.save_session(session)
            life.terminal = await self._open_terminal(runtime, environment, life)
        except BaseException:
            await self._forget(life)
            self._audience.session_exited(SessionExit(session.id, None))
            raise
        self._begin(life)
        await self._store.save_session(session)
        return session

    async def rename(self, session_id: str, name: str) -> Session:
        """Give a session another name.

        Raises:
            ConflictError: the name is taken, or the session is tmux's, which knows it by its name.
        """
        session = self._life(session_id).session
        if name != session.session_name:
            environment = self._environments.get(session.environment_id)
            if session.session_type == "tmux":
                raise ConflictError(
                    f"{session.session_name} is a session of tmux and keeps its name",
                    sessionId=session_id,
                )
            self._require_free(environment, name)
            session.session_name = name
            await self._store.save_session(session)
        return session

    async def end(self, session_id: str) -> None:
        """Hang up and end what runs in it; its clients get `terminal_exit`."""
        life = self._life(session_id)
        await self._end(life)
        await self._forget(life)

    # --- use

    async def write(
        self,
        session_id: str,
        data: str,
        *,
        client_id: str | None = None,
        input_seq: int | None = None,
    ) -> bool:
        """Type into it, waiting while it doesn't read; False if that input had come before.

        Input is told apart by `client_id` and `input_seq` (from 1, rising). Calls for one session
        are written in the order in which they were made.

        Raises:
            ConflictError: the session has ended.
        """
        return await self._life(session_id).write(data, client_id, input_seq)

    def can_write_now(self, session_id: str, data: str) -> bool:
        """Whether `data` can be typed into it without waiting."""
        return self._life(session_id).can_write_now(data)

    def write_now(
        self,
        session_id: str,
        data: str,
        *,
        client_id: str | None = None,
        input_seq: int | None = None,
    ) -> asyncio.Future[None] | None:
        """As `write`, where that need not wait; done when it would have returned, None: it is."""
        return self._life(session_id).write_now(data, client_id, input_seq)

    async def resize(self, session_id: str, rows: int, cols: int) -> None:
        """Give its terminal another size, and tell who watches. Raises ConflictError."""
        await self._life(session_id).resize(rows, cols)

    def clients_changed(self, session_id: str, count: int) -> None:
        """Say how many clients are attached; without any it may become idle."""
        life = self._life(session_id)
        life.clients_changed(count)
        self._judge(life)

    def screen_drawn(self, session_id: str) -> None:
        """Its screen shows more than before."""
        if (life := self._lives.get(session_id)) is not None and life.terminal is not None:
            life.saving.drawn()

    def pause_output(self, session_id: str) -> None:
        """Read no more of its output until `resume_output`: who typed last is behind."""
        self._life(session_id).pause()

    def resume_output(self, session_id: str) -> None:
        """Go on reading its output."""
        self._life(session_id).resume()

    # --- opening and finding again

    async def _open_terminal(
        self, runtime: Runtime, environment: Environment, life: SessionLife
    ) -> Terminal:
        """Open it, unless the environment is deleted meanwhile."""
        terminal = await runtime.open_terminal(environment, _spec(life), life)
        if self._environments.is_leaving(environment.id):
            await terminal.end()
            raise EnvironmentNotFoundError(environment.id)
        return terminal

    def _admit(self, environment: Environment, request: CreateSessionRequest) -> SessionLife:
        now = iso_now()
        session = Session(
            id=str(uuid.uuid4()),
            environment_id=environment.id,
            session_type=request.session_type,
            session_name=self._name(environment, request),
            status="starting",
            created_at=now,
            last_activity_at=now,
            rows=request.rows,
            cols=request.cols,
        )
        life = SessionLife(session, self._audience, self._store)
        self._lives[session.id] = life
        self._audience.open_terminal(session.id, request.rows, request.cols)
        return life

    def _name(self, environment: Environment, request: CreateSessionRequest) -> str:
        if request.session_name is not None:
            self._require_free(environment, request.session_name)
            return request.session_name
        taken = self._names(environment)
        number = 1
        while f"{request.session_type}-{number}" in taken:
            number += 1
        return f"{request.session_type}-{number}"

    def _names(self, environment: Environment) -> set[str]:
        """The names of an environment's living sessions."""
        sessions = self.list(environment.id)
        return {each.session_name for each in sessions if each.status != "terminated"}

    def _require_free(self, environment: Environment, name: str) -> None:
        if name in self._names(environment):
            raise ConflictError(
                f"{environment.name} has a session named {name} already",
                environmentId=environment.id,
            )

    def _begin(self, life: SessionLife) -> None:
        session = life.session
        if life.ended.is_set():  # so soon
            life.terminal = None
        else:
            session.pid = life.terminal.pid if life.terminal is not None else None
            session.status = "active"
        self._spawn(self._follow(life), "a session's end")

    async def _recover(self, session: Session) -> None:
        try:
            environment = self._environments.get(session.environment_id)
        except EnvironmentNotFoundError:
            await self._store.delete_session(session.id)
            return
        snapshot = await self._store.screen(session.id)
        life = SessionLife(session, self._audience, self._store, snapshot)
        self._lives[session.id] = life
        if session.status == "terminated":
            return
        self._audience.open_terminal(session.id, life.rows, life.cols, snapshot=snapshot)
        runtime = self._environments.runtime(environment.id)
        life.terminal = await runtime.recover_terminal(environment, _spec(life), life)
        if life.terminal is None:
            session.status = "terminated"
            life.ended.set()
            self._audience.session_exited(SessionExit(session.id, None))
            await self._store.save_session(session)
            await self._store.forget_screen(session.id)
        else:
            self._begin(life)

    # --- ends

    async def _follow(self, life: SessionLife) -> None:
        await life.ended.wait()
        await life.saving.close()
        await self._store.save_session(life.session)
        await self._store.forget_screen(life.session.id)
        ended = [s for s in self.list(life.session.environment_id) if s.status == "terminated"]
        for session in ended[:-_ENDED_KEPT]:
            await self._forget(self._lives[session.id])

    async def _end(self, life: SessionLife) -> None:
        if life.terminal is not None:
            await life.terminal.end()

    async def _forget(self, life: SessionLife) -> None:
        self._lives.pop(life.session.id, None)
        await self._store.delete_session(life.session.id)

    async def _end_all_of(self, environment_id: str) -> None:
        for session in self.list(environment_id):
            with contextlib.suppress(SessionNotFoundError):
                await self.end(session.id)

    # --- idleness

    async def _look_for_idle(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            for life in list(self._lives.values()):
                self._judge(life)
                await self._end_if_idle_too_long(life)

    def _judge(self, life: SessionLife) -> None:
        if life.session.status in ("active", "idle"):
            idle = _reached(life.idle_for, self._settings.idle_after)
            life.session.status = "idle" if idle else "active"

    async def _end_if_idle_too_long(self, life: SessionLife) -> None:
        if life.terminal is not None and _reached(life.idle_for, self._settings.end_idle_after):
            try:
                await self._end(life)
            except ServerError as error:
                _log.warning("session %s: %s", life.session.id, error)

    # --- helpers

    def _life(self, session_id: str) -> SessionLife:
        try:
            return self._lives[session_id]
        except KeyError:
            raise SessionNotFoundError(session_id) from None

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _reached(seconds: float | None, limit: float | None) -> bool:
    return seconds is not None and limit is not None and seconds >= limit


def _spec(life: SessionLife) -> TerminalSpec:
    session = life.session
    kind: SessionType = "tmux" if session.session_type == "tmux" else "shell"
    return TerminalSpec(
        session.id, kind, session.session_name, life.rows, life.cols, position=life.position
    )
