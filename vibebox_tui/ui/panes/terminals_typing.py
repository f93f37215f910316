"""What the user types and pastes, on its way to the terminal that is shown."""

from collections.abc import Callable

from vibebox_tui.emulator.keys import encode_paste
from vibebox_tui.ui.panes.terminals_attachment import Attachment
from vibebox_tui.ui.panes.terminals_capture import Typed
from vibebox_tui.ui.panes.terminals_keys import key_bytes
from vibebox_tui.ui.panes.terminals_paste import pieces

MOST_KEYS_AHEAD = 1_000
"""Keys kept that were typed before there was a terminal; nobody types more in that time."""

_PASTE_END = b"\x1b[201~"


class Typing:
    """Keys for `target()`, kept for a while where there is none yet; pastes in pieces."""

    def __init__(self, target: Callable[[], Attachment | None]) -> None:
        self._target = target
        self._ahead: list[Typed] = []
        self._pasting: Attachment | None = None
        self.pasted, self.to_paste = 0, 0
        """Characters of the present paste that have been written, and all of them."""

    def press(self, typed: Typed) -> None:
        """Send what a key sends."""
        if (attachment := self._target()) is not None:
            modes = attachment.emulator.modes
            attachment.send(key_bytes(typed.key, typed.character, modes))
        elif len(self._ahead) < MOST_KEYS_AHEAD:
            self._ahead.append(typed)

    def catch_up(self) -> None:
        """There is a terminal: type what was typed before."""
        ahead, self._ahead = self._ahead, []
        for typed in ahead:
            self.press(typed)

    def forget(self) -> None:
        """Type nothing of what was typed before there was a terminal."""
        self._ahead.clear()

    @property
    def is_pasting(self) -> bool:
        """Whether pieces of a paste are still to be written."""
        return self._pasting is not None

    async def paste(
        self, attachment: Attachment, text: str, progressed: Callable[[], None]
    ) -> None:
        """Write `text` to a terminal as pasted, piece by piece as it takes them in.

        Another terminal may be shown meanwhile; `stop_pasting` ends it between two pieces.
        """
        data = encode_paste(text, attachment.emulator.modes).decode()
        self._pasting = attachment
        self.pasted, self.to_paste = 0, len(data)
        try:
            for piece in pieces(data):
                await attachment.room_for_input()
                if self._pasting is None or attachment.ended is not None:
                    break
                attachment.send(piece.encode())
                self.pasted += len(piece)
                progressed()
            else:
                return
            self._close_brackets(attachment)
        finally:
            self._pasting = None

    def stop_pasting(self) -> None:
        """Write no further piece."""
        self._pasting = None

    def _close_brackets(self, attachment: Attachment) -> None:
        """The remote side still waits for the end of a paste that was begun in brackets."""
        if attachment.emulator.modes.bracketed_paste and self.pasted:
            attachment.send(_PASTE_END)
