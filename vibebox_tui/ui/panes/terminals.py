"""The terminals of one environment: which there are, which are attached, which one is shown."""

import asyncio
from collections.abc import Awaitable, Callable, Container

from vibebox_tui.client.client import Client
from vibebox_tui.client.errors import UnreachableError
from vibebox_tui.client.events import LinkPhase
from vibebox_tui.protocol.models import CreateSessionRequest, Environment, Session
from vibebox_tui.ui.panes.terminals_attachment import Attachment

LIST_RETRY = 5.0
"""Seconds until the sessions are asked for again where the link's state tells nothing new."""


class Terminals:
    """The sessions of `environment` as attachments, each read by a task of `tasks`.

    A session is attached when it is first shown and stays attached. `changed` is called with an
    attachment that may look different, and with None when the list itself did. `taken` are the
    ids of sessions that are shown elsewhere: none of these is shown unless it is asked for.
    `give_way` lets others run while much is drawn. With `may_copy` programs in them may write to
    the clipboard; each keeps `scrollback` lines.
    """

    def __init__(
        self,
        client: Client,
        environment: Environment,
        tasks: asyncio.TaskGroup,
        changed: Callable[[Attachment | None], None],
        taken: Callable[[], Container[str]],
        *,
        give_way: Callable[[], Awaitable[None]],
        may_copy: bool,
        scrollback: int,
    ) -> None:
        self._client = client
        self._environment = environment
        self._tasks = tasks
        self._changed = changed
        self._taken = taken
        self._give_way = give_way
        self._may_copy = may_copy
        self._scrollback = scrollback
        self._attached: set[str] = set()
        self.attachments: list[Attachment] = []
        self.present: Attachment | None = None
        self.is_loaded = False

    async def load(self, rows: int, columns: int) -> None:
        """Learn which sessions there are, as soon as the server can be reached; show the first.

        Raises:
            VibeBoxError: the server answered, and it was no list of sessions.
        """
        for session in await self._sessions():
            if session.status != "terminated":
                self._add(session, rows, columns)
        self.is_loaded = True
        self._show_free()
        self._changed(None)

    async def look_again(self, rows: int, columns: int) -> None:
        """Learn of sessions that others have begun, and of those that they have ended.

        Raises:
            VibeBoxError: the server can't be reached, or it answered and it was no list.
        """
        listed = await self._client.rest.sessions(self._environment.id)
        living = {each.id: each for each in listed if each.status != "terminated"}
        for session in living.values():
            self._add(session, rows, columns)
        self.attachments = [
            each
            for each in self.attachments
            if each.session.id in living or each.session.id in self._attached
        ]
        self._changed(None)

    async def open(self, rows: int, columns: int) -> None:
        """Start a shell in a session of its own and show it.

        Raises:
            VibeBoxError: the server couldn't, with its reason.
        """
        request = CreateSessionRequest(rows=rows, cols=columns)
        session = await self._client.rest.create_session(self._environment.id, request)
        self.show(self._add(session, rows, columns))

    async def rename(self, attachment: Attachment, name: str) -> None:
        """Give a session another name.

        Raises:
            VibeBoxError: the server wouldn't, with its reason.
        """
        renamed = await self._client.rest.rename_session(attachment.session.id, name)
        attachment.session.session_name = renamed.session_name
        self._changed(None)

    async def end(self, attachment: Attachment) -> None:
        """End a session, with everything that runs in it.

        Raises:
            VibeBoxError: the server couldn't, with its reason.
        """
        await self._client.rest.end_session(attachment.session.id)

    def show(self, attachment: Attachment) -> None:
        """Make `attachment` the one that is shown, and attach it if it isn't yet."""
        self.present = attachment
        attachment.be_seen()
        if attachment.session.id not in self._attached:
            self._attached.add(attachment.session.id)
            name = f"{self._environment.name}/{attachment.name}"
            self._tasks.create_task(attachment.follow(self._client, name))
        self._changed(None)

    def show_next(self, step: int) -> None:
        """Show the terminal `step` places further, beyond the last the first."""
        if self.present is None:
            self._show_first(self.attachments)
        elif len(self.attachments) > 1:
            at = self.attachments.index(self.present) + step
            self.show(self.attachments[at % len(self.attachments)])

    def forget(self, attachment: Attachment) -> None:
        """Take an ended session off the list; the one before it is shown in its place."""
        at = self.attachments.index(attachment)
        self.attachments.remove(attachment)
        if attachment is self.present:
            self.present = None
            self._show_free(before=at)
        self._changed(None)

    def resize(self, rows: int, columns: int) -> None:
        """Tell every attached session the size that there is room for."""
        for attachment in self.attachments:
            attachment.resize(rows, columns)

    def _show_free(self, before: int = 1) -> None:
        """Show a terminal that isn't shown elsewhere: the one before a place, or another."""
        nearest = [*reversed(self.attachments[:before]), *self.attachments[before:]]
        taken = self._taken()
        self._show_first([each for each in nearest if each.session.id not in taken])

    def _show_first(self, attachments: list[Attachment]) -> None:
        if attachments:
            self.show(attachments[0])

    def _add(self, session: Session, rows: int, columns: int) -> Attachment:
        for known in self.attachments:
            if known.session.id == session.id:
                known.session.session_name = session.session_name
                return known
        attachment = Attachment(
            session,
            rows,
            columns,
            self._changed,
            give_way=self._give_way,
            may_copy=self._may_copy,
            scrollback=self._scrollback,
        )
        self.attachments.append(attachment)
        return attachment

    async def _sessions(self) -> list[Session]:
        while True:
            try:
                return await self._client.rest.sessions(self._environment.id)
            except UnreachableError:
                await self._link_is_back()

    async def _link_is_back(self) -> None:
        """Return when some connection stands again, or it is time to look anyhow."""
        try:
            async with asyncio.timeout(LIST_RETRY), self._client.watch_link() as links:
                async for link in links:
                    if link.phase is LinkPhase.CONNECTED:
                        return
        except TimeoutError:
            return
