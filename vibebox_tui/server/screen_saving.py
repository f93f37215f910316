"""Saving a session's screen, so that a server after this one can draw it again."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, Protocol

from vibebox_tui.server.errors import StoreError
from vibebox_tui.server.keeper.stream import KEPT
from vibebox_tui.server.records import TerminalSnapshot

SAVE_SECONDS: Final = 2.0
"""Between a change of the screen and its saving: until then the keeper has what was written."""

URGENT_BYTES: Final = KEPT // 4
"""Unsaved output that is saved at once: the program waits when the keeper is full."""

_log = logging.getLogger(__name__)


class Drawn(Protocol):
    """Who draws the sessions' screens."""

    def drawn_terminal(self, session_id: str) -> TerminalSnapshot | None: ...

    def drawn_position(self, session_id: str) -> int: ...

    def snapshot_terminal(self, session_id: str) -> TerminalSnapshot | None: ...


class ScreenStore(Protocol):
    """Where screens are saved."""

    async def save_screen(self, session_id: str, snapshot: TerminalSnapshot) -> None: ...


class ScreenSaving:
    """Keeps one session's saved screen close to the drawn one.

    `saved` is told the output position of each screen that has been committed: what comes before
    it need not be kept anywhere else.
    """

    def __init__(
        self,
        session_id: str,
        screens: Drawn,
        store: ScreenStore,
        saved: Callable[[int], None],
        position: int = 0,
    ) -> None:
        self._session_id = session_id
        self._screens = screens
        self._store = store
        self._saved = saved
        self._position = position
        self._timer: asyncio.TimerHandle | None = None
        self._due = False
        self._saving: asyncio.Task[None] | None = None
        self._closed = False

    def drawn(self) -> None:
        """The screen may have changed: save it soon, at once where much has come."""
        unsaved = self._unsaved
        if self._saving is not None or self._closed or unsaved <= 0:
            return
        if self._due or unsaved >= URGENT_BYTES:
            self._save()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(SAVE_SECONDS, self._fall_due)

    async def finish(self) -> None:
        """Save the screen as it is, and nothing more after that."""
        await self.close()
        snapshot = self._screens.snapshot_terminal(self._session_id)
        if snapshot is not None and snapshot.seq > self._position:
            await self._commit(snapshot)

    async def close(self) -> None:
        """Save nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._saving is not None:
            self._saving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._saving

    # --- helpers

    @property
    def _unsaved(self) -> int:
        return self._screens.drawn_position(self._session_id) - self._position

    def _fall_due(self) -> None:
        self._timer = None
        self._due = True
        self.drawn()

    def _save(self) -> None:
        """Save what is drawn; where it could not be taken up again, the next call may find more."""
        snapshot = self._screens.drawn_terminal(self._session_id)
        if snapshot is None:
            return
        self._due = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._saving = asyncio.create_task(self._commit(snapshot), name="saving of a screen")
        self._saving.add_done_callback(self._go_on)

    async def _commit(self, snapshot: TerminalSnapshot) -> None:
        try:
            await self._store.save_screen(self._session_id, snapshot)
        except StoreError as error:
            _log.error("the screen of session %s waits: %s", self._session_id, error)
            await asyncio.sleep(SAVE_SECONDS)
        else:
            self._position = snapshot.seq
            self._saved(snapshot.seq)

    def _go_on(self, task: asyncio.Task[None]) -> None:
        self._saving = None
        if not task.cancelled():
            self.drawn()
