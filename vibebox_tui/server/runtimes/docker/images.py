"""Images: looked for, and pulled with the progress in words."""

import asyncio
import contextlib
from typing import Final

from vibebox_tui.server.errors import EngineError, StartCalledOffError
from vibebox_tui.server.runtimes.base import LogSink
from vibebox_tui.server.runtimes.docker.engine import Engine
from vibebox_tui.server.runtimes.docker.refusal import start_failure
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
        if not progress.id or progress.status.startswith("Pulling from"):
            return  # that one's id is the tag
        self._seen.add(progress.id)
        detail = progress.progress_detail
        if progress.status == "Downloading" and detail is not None and detail.total > 0:
            self._layers[progress.id] = detail
        if progress.status in ("Pull complete", "Already exists", "Download complete"):
            self._done.add(progress.id)

    @property
    def words(self) -> str:
        """As in `pulling 41 of 120 MiB, 3 of 8 layers of node:20`: what changes stands first."""
        if not self._seen:
            return f"pulling {self._image}"
        layers = f"{len(self._done)} of {len(self._seen)} layers"
        total = sum(detail.total for detail in self._layers.values())
        if not total:
            return f"pulling {layers} of {self._image}"
        current = sum(
            detail.total if layer in self._done else detail.current
            for layer, detail in self._layers.items()
        )
        bytes_ = f"{current / _MIB:.0f} of {total / _MIB:.0f} MiB"
        return f"pulling {bytes_}, {layers} of {self._image}"


class Pulls:
    """The pulls that are under way, each for an environment's start."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def pull(self, environment_id: str, image: str, log: LogSink) -> None:
        """Pull an image for an environment.

        Raises:
            StartFailedError: it can't be had; the message says why.
            StartCalledOffError: `call_off` came before it was there.
            RuntimeAwayError
        """
        task = asyncio.create_task(_pull(self._engine, image, log), name=f"pull of {image}")
        self._tasks[environment_id] = task
        try:
            await asyncio.wait([task])
        finally:
            del self._tasks[environment_id]
            task.cancel()
        if task.cancelled():
            raise StartCalledOffError(f"the pull of {image} was called off")
        task.result()

    def call_off(self, environment_id: str) -> None:
        """End an environment's pull, where there is one: the engine keeps whole layers."""
        if (task := self._tasks.get(environment_id)) is not None:
            task.cancel()


async def _pull(engine: Engine, image: str, log: LogSink) -> None:
    tally = PullTally(image)
    telling = asyncio.create_task(_tell(tally, log), name=f"progress of {image}")
    lines = engine.lines(
        "images/create",
        PullProgress,
        "POST",
        silence=_STALL,
        fromImage=image if _has_version(image) else f"{image}:latest",
    )
    try:
        async with contextlib.aclosing(lines):
            async for progress in lines:
                if progress.error:
                    raise start_failure(f"{image} can't be pulled", progress.error)
                tally.take(progress)
    except EngineError as error:
        raise start_failure(f"{image} can't be pulled", error) from error
    finally:
        telling.cancel()
        await asyncio.wait([telling])
    log.note("starting")


async def _tell(tally: PullTally, log: LogSink) -> None:
    """Say how far it is, also when nothing comes any more."""
    while True:
        log.note(tally.words)
        await asyncio.sleep(_WORDS_EVERY)


def _has_version(image: str) -> bool:
    """Whether the name has a tag or a digest; a colon before a slash is a port."""
    return ":" in image.rpartition("/")[2] or "@" in image
