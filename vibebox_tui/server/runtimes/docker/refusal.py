"""What an engine refuses, as the reason why an environment can't be started."""

from typing import Final

from vibebox_tui.server.errors import NoRoomError, StartFailedError

_FULL: Final = ("no space left on device", "disk quota exceeded")
"""What an engine says where its disk is full; there is no code for it."""


def start_failure(what: str, reason: object) -> StartFailedError:
    """Why something can't be started; one for want of room may pass by itself."""
    sentence = f"{what}: {reason}"
    is_full = any(words in sentence.lower() for words in _FULL)
    return NoRoomError(sentence) if is_full else StartFailedError(sentence)
