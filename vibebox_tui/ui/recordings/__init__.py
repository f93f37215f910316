"""Recordings of terminals: written, read, played back."""

from vibebox_tui.ui.recordings.asciicast import Cast, CastError, CastWriter, Event, read_cast
from vibebox_tui.ui.recordings.playback import Playback

__all__ = ["Cast", "CastError", "CastWriter", "Event", "Playback", "read_cast"]
