"""Status and list of environments: a subscriber gets the latest, however slow it reads."""

from collections.abc import Iterable

from vibebox_tui.protocol.messages import (
    Change,
    EnvironmentChange,
    EnvListChanged,
)
from vibebox_tui.server.frames import Prepared, now_ms
from vibebox_tui.server.writer import Cursor, Writer


class StatusCursor(Cursor):
    """The newest statuses that one connection has not been sent: at most one per environment."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._latest: dict[str, Prepared] = {}

    def offer(self, environment_id: str, status: Prepared) -> None:
        """Send `status` next, in place of an older one that still waits."""
        if environment_id in self._latest:
            self._writer.traffic.dropped["statuses"] += 1
        self._latest[environment_id] = status
        self._writer.due(self, at_once=True)

    def forget(self, environment_id: str) -> None:
        """Don't send what waits of an environment."""
        self._latest.pop(environment_id, None)

    @property
    def has_more(self) -> bool:
        """Whether another `pull` would bring more at once."""
        return bool(self._latest)

    def pull(self, budget: int) -> list[bytes]:
        """Take the next frames."""
        frames: list[bytes] = []
        while self._latest and budget > 0:
            environment_id = next(iter(self._latest))
            data = self._latest.pop(environment_id).frame(self._writer.form)
            frames.append(data)
            budget -= len(data)
        self._writer.traffic.sent["status"] += len(frames)
        return frames


class ListCursor(Cursor):
    """What changed in the list of environments that one connection's user may see.

    `visible` are the ids that this subscriber knows of: it learns of the end of these only, and
    one that it may no longer see has been deleted as far as it is concerned.
    """

    def __init__(self, writer: Writer, visible: Iterable[str]) -> None:
        self._writer = writer
        self._visible = set(visible)
        self._changes: dict[str, Change] = {}

    def changed(self, environment_id: str, may_see: bool) -> None:
        """An environment was created or updated, or is deleted (which nobody may see)."""
        known = environment_id in self._visible
        if may_see:
            self._visible.add(environment_id)
            self._note(environment_id, "updated" if known else "created")
        elif known:
            self._visible.discard(environment_id)
            self._note(environment_id, "deleted")

    @property
    def has_more(self) -> bool:
        """Whether another `pull` would bring more at once."""
        return bool(self._changes)

    def pull(self, budget: int) -> list[bytes]:
        """Take the next frames."""
        frames: list[bytes] = []
        while self._changes and budget > 0:
            environment_id = next(iter(self._changes))
            change = EnvironmentChange(environment_id, self._changes.pop(environment_id))
            data = Prepared.of(EnvListChanged(change, now_ms())).frame(self._writer.form)
            frames.append(data)
            budget -= len(data)
        return frames

    def _note(self, environment_id: str, change: Change) -> None:
        if change == "updated" and self._changes.get(environment_id) == "created":
            change = "created"
        self._changes[environment_id] = change
        self._writer.due(self, at_once=True)
