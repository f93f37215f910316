"""Images: looked for, and pulled with the progress in words."""

import contextlib
import time
from typing import Final

from vibebox_tui.server.errors import StartFailedError
from vibebox_tui.server.runtimes.base import LogSink
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.wire import PullDetail, PullProgress

_STALL: Final = 300.0
"""Seconds without any progress after which a pull counts as hung."""

_WORDS_EVERY: Final = 0.25
"""Seconds between two reports; an engine sends hundreds a second."""

_MIB: Final = 1024 * 1024


class PullTally:
    """Sums up the layers of a pull; `words` say how far it is."""

    def __init__(self, image: str) -> None:
        self._image = image
        self._layers: dict[str, PullDetail] = {}
        self._seen: set[str] = set()
        self._done: set[str] = set()

    def take(self, progress: PullProgress) -> None:
        """Take one line of the engine's report."""
        if not progress.id:
            return
        self._seen.add(progress.id)
        detail = progress.progress_detail
        if progress.status == "Downloading" and detail is not None and detail.total > 0:
            self._layers[progress.id] = detail
        if progress.status in ("Pull complete", "Already exists", "Download complete"):
            self._done.add(progress.id)

    @property
    def words(self) -> str:
        """As in `pulling node:20: 3 of 8 layers, 41 of 120 MiB`."""
        if not self._seen:
            return f"pulling {self._image}"
        layers = f"{len(self._done)} of {len(self._seen)} layers"
        total = sum(detail.total for detail in self._layers.values())
        if not total:
            return f"pulling {self._image}: {layers}"
        current = sum(
            detail.total if layer in self._done else detail.current
            for layer, detail in self._layers.items()
        )
        return f"pulling {self._image}: {layers}, {current / _MIB:.0f} of {total / _MIB:.0f} MiB"


async def pull(engine: Engine, image: str, log: LogSink) -> None:
    """Pull an image. Raises StartFailedError, EngineError, RuntimeAwayError."""
    tally = PullTally(image)
    log.note(tally.words)
    said = time.monotonic()
    lines = engine.lines(
        "images/create",
        PullProgress,
        "POST",
        silence=_STALL,
        fromImage=image if _has_version(image) else f"{image}:latest",
    )
    async with contextlib.aclosing(lines):
        async for progress in lines:
            if progress.error:
                raise StartFailedError(f"{image} can't be pulled: {progress.error}")
            tally.take(progress)
            if time.monotonic() - said >= _WORDS_EVERY:
                said = time.monotonic()
                log.note(tally.words)
    log.note("starting")


def _has_version(image: str) -> bool:
    """Whether the name has a tag or a digest; a colon before a slash is a port."""
    return ":" in image.rpartition("/")[2] or "@" in image
