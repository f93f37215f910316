"""The log pane's way out: lines to a file, with progress, cancelable, by a thread."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from enum import StrEnum
from pathlib import Path
from typing import Final

from textual import work
from textual.worker import Worker, get_current_worker

from vibebox_tui.client.client import Client
from vibebox_tui.errors import VibeBoxError
from vibebox_tui.logs.export import export
from vibebox_tui.logs.ring import Line
from vibebox_tui.protocol.models import LogPage
from vibebox_tui.ui.messages import Said
from vibebox_tui.ui.panes.logs_everything import PAGE_LINES, Everything
from vibebox_tui.ui.panes.logs_jumper import LogJumper
from vibebox_tui.ui.panes.logs_words import given_up

LOOK_SECONDS: Final = 0.2
"""How long a thread waits for a page before it looks whether it is to end."""

BAR_CELLS: Final = 20
"""The width of the progress bar."""


class Extent(StrEnum):
    """How much of a log is saved."""

    MARKED = "what is marked"
    SHOWN = "what is shown"
    EVERYTHING = "everything the server has"


class LogSaver(LogJumper):
    """Saves what is marked, what is shown, or all that the servers have of the log."""

    _is_saving = False

    @property
    def extents(self) -> list[Extent]:
        """What can be saved, the likeliest first."""
        has_marks = self.document.has_marks
        return [each for each in Extent if each is not Extent.MARKED or has_marks]

    def save(self, extent: Extent, file: Path) -> None:
        """Write to `file`; a message says how that ended."""
        self._is_saving = True
        self.refresh_bindings()
        match extent:
            case Extent.MARKED:
                marked = self.document.marked_lines()
                left_out = given_up(self.document)
                self._export(lambda: (len(marked), iter(marked)), file, left_out)
            case Extent.SHOWN:
                shown = self.document.snapshot()
                self._export(lambda: shown, file)
            case Extent.EVERYTHING:
                self._export_everything(asyncio.get_running_loop(), file)

    # ---------------------------------------------------------------------------------------

    @work(group="save", exclusive=True, exit_on_error=False, thread=True)
    def _export(
        self,
        lines: Callable[[], tuple[int, Iterator[Line]]],
        file: Path,
        left_out: str = "",
    ) -> None:
        self._write(lines, file, lambda: left_out)

    @work(group="save", exclusive=True, exit_on_error=False, thread=True)
    def _export_everything(self, loop: asyncio.AbstractEventLoop, file: Path) -> None:
        worker = get_current_worker()
        everything: Everything | None = None

        def fetch(client: Client, environment_id: str, after: int) -> LogPage:
            return _page(client, environment_id, after, loop, worker)

        def lines() -> tuple[int, Iterator[Line]]:
            nonlocal everything
            everything = Everything(self._origins, fetch)
            return len(everything), iter(everything)

        self._write(lines, file, lambda: _missing(everything.missing) if everything else "")

    def _write(
        self,
        lines: Callable[[], tuple[int, Iterator[Line]]],
        file: Path,
        left_out: Callable[[], str],
    ) -> None:
        worker = get_current_worker()

        def goes_on(share: float) -> bool:
            self.app.call_from_thread(self._tell_saving, share)
            return not worker.is_cancelled

        try:
            total, each = lines()
            goes_on(0.0)
            written = export(each, total, file, self.source_names, goes_on)
            said = "Not saved." if written is None else f"Saved {written:,} lines to {file}."
            self.post_message(Said(said if written is None else said + left_out()))
        except CancelledError:
            self.post_message(Said("Not saved."))
        except VibeBoxError as error:
            self.post_message(Said(str(error), "error"))
        finally:
            self.app.call_from_thread(self._end_saving)

    def _tell_saving(self, share: float) -> None:
        done = round(share * BAR_CELLS)
        full, empty = ("█", "░") if self.settings.glyphs.unicode else ("#", ".")
        bar = full * done + empty * (BAR_CELLS - done)
        self.detail = f"saving {bar} {share:.0%}, Esc cancels"

    def _end_saving(self) -> None:
        self._is_saving = False
        self.refresh_bindings()
        self._tell()


def _page(
    client: Client,
    environment_id: str,
    after: int,
    loop: asyncio.AbstractEventLoop,
    worker: Worker[None],
) -> LogPage:
    """The next page, fetched in the app's loop; raises CancelledError once the worker is to end."""
    request = client.rest.logs(environment_id, since_seq=after, limit=PAGE_LINES)
    page = asyncio.run_coroutine_threadsafe(request, loop)
    while True:
        try:
            return page.result(LOOK_SECONDS)
        except TimeoutError:
            if page.done():
                raise
            if worker.is_cancelled:
                page.cancel()
                raise CancelledError from None


def _missing(lines: int) -> str:
    return f" {lines:,} were deleted by the server meanwhile." if lines else ""
