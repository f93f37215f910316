"""What is recorded of terminals, and played again."""

import asyncio
from pathlib import Path

from vibebox_tui.ui.glyphs import Glyphs
from vibebox_tui.ui.panes.terminals_attachment import Attachment
from vibebox_tui.ui.recordings import Playback, read_cast
from vibebox_tui.ui.recordings.shelf import new_recording_path
from vibebox_tui.ui.screens.player import PlayerScreen


def record_or_end(attachment: Attachment, name: str) -> str:
    """Begin to record a terminal, or end that; what there is to say about it, if anything.

    Raises:
        CastError: the file can't be written.
    """
    if (ended := attachment.end_recording()) is not None:
        return f"Recorded {ended.seconds:.0f} s: {ended.path}"
    attachment.record(new_recording_path(name), name)
    return ""


async def player_of(path: Path, glyphs: Glyphs) -> PlayerScreen:
    """A screen that plays a recording.

    Raises:
        CastError: it can't be read.
    """
    cast = await asyncio.to_thread(read_cast, path)
    return PlayerScreen(Playback(cast), title=path.name, glyphs=glyphs)
