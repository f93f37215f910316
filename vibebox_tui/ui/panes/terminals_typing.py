"""What the user types and pastes, on its way to the terminal that is shown, or to several."""

from collections.abc import Callable, Sequence

from vibebox_tui.emulator.keys import encode_paste
from vibebox_tui.ui.panes.terminals_attachment import Attachment
from vibebox_tui.ui.panes.terminals_capture import Typed
from vibebox_tui.ui.panes.terminals_keys import key_bytes
from vibebox_tui.ui.panes.terminals_paste import pieces

MOST_KEYS_AHEAD = 1_000
"""Keys kept that were typed before there was a terminal; nobody types more in that time."""

_PASTE_END = b"\x1b[201~"


class Typing:
    """Keys for `target()`, kept for a while where there is none yet; pastes in pieces.

    What is typed goes to those in `others()` as well, as each of them wants it encoded.
    """

    def __init__(
        self, target: Callable[[], Attachment | None], others: Callable[[], Sequence[Attachment]]
    ) -> None:
        self._target = target
        self._others = others
        self._ahead: list[Typed] = []
        self._is_pasting = False
        self.pasted, self.to_paste = 0, 0
        """Characters of the present paste that have been written, and all of them."""

    def press(self, typed: Typed) -> None:
        """Send what a key sends."""
        if (attachment := self._target()) is not None:
            for each in (attachment, *self._others()):
                each.send(key_bytes(typed.key, typed.character, each.emulator.modes))
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
        return self._is_pasting

    async def paste(
        self, attachment: Attachment, text: str, progressed: Callable[[], None]
    ) -> None:
        """Write `text` to a terminal as pasted, piece by piece as it takes them in, and then to
        the others that are typed into.

        Another terminal may be shown meanwhile; `stop_pasting` ends it between two pieces.
        """
        targets = (attachment, *self._others())
        pasted = [encode_paste(text, each.emulator.modes).decode() for each in targets]
        self._is_pasting = True
        self.pasted, self.to_paste = 0, sum(map(len, pasted))
        try:
            for each, data in zip(targets, pasted, strict=True):
                await self._paste_into(each, data, progressed)
        finally:
            self._is_pasting = False

    async def _paste_into(
        self, attachment: Attachment, data: str, progressed: Callable[[], None]
    ) -> None:
        sent = 0
        for piece in pieces(data):
            await attachment.room_for_input()
            if not self._is_pasting or attachment.ended is not None:
                break
            attachment.send(piece.encode())
            sent += len(piece)
            self.pasted += len(piece)
            progressed()
        if 0 < sent < len(data) and attachment.emulator.modes.bracketed_paste:
            attachment.send(_PASTE_END)  # the remote side still waits for it

    def stop_pasting(self) -> None:
        """Write no further piece."""
        self._is_pasting = False
