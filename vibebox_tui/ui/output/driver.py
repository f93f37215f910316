"""Textual's driver for Unix terminals, with the terminal's acknowledgements told from keys."""

import codecs
import os
import selectors
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys
from textual.message import Message

from vibebox_tui.ui.output.pacing import ANSWER, QUESTION

READ_SIZE = 65_536
"""Bytes read from the terminal at once: a paste in few pieces."""

AT_ONCE_BYTES: Final = 4096
"""What a terminal surely has room for that has read everything before."""

POLL = 0.1
"""Seconds after which the thread looks whether it is to end, and an Esc is just an Esc."""


class AcknowledgedDriver(LinuxDriver):
    """Calls `acknowledged`, in the event loop, whenever the terminal answers a status report, and
    `key_came`, in its own thread, for each key.

    Textual hands all output to a thread, since a terminal may not read for a while: two switches
    between threads before a key's effect is to be seen. A short frame for a terminal that is known
    to have read everything before is written at once.
    """

    acknowledged: Callable[[], None] = staticmethod(lambda: None)
    key_came: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._frame: list[str] | None = None
        """What has been written of a frame so far."""
        self._written = self._asked = self._read_by_terminal = 0
        """How many writes there were, up to the last question, and up to the last answer."""

    @contextmanager
    def one_frame(self) -> Iterator[None]:
        """Have all that is written meanwhile go out in one piece."""
        pieces: list[str] = []
        self._frame = pieces
        try:
            yield
        finally:
            self._frame = None
            if pieces:
                self._write_out("".join(pieces))

    def send_message(self, message: Message) -> None:
        self._app.post_message(message)  # without a task of its own, for which it would wait

    def write(self, data: str) -> None:
        if self._frame is not None:
            self._frame.append(data)
        else:
            self._note_written(data)
            super().write(data)

    def _write_out(self, data: str) -> None:
        has_read_all = self._read_by_terminal == self._written
        self._note_written(data)
        encoded = data.encode("utf-8", "replace")
        if not has_read_all or len(encoded) > AT_ONCE_BYTES or self._file is None:
            super().write(data)
            return
        with suppress(OSError):  # the terminal is gone, as the thread that reads it notices too
            while encoded:
                encoded = encoded[os.write(self._file.fileno(), encoded) :]

    def _note_written(self, data: str) -> None:
        self._written += 1
        if QUESTION in data:
            self._asked = self._written

    def run_input_thread(self) -> None:
        """Read the terminal until the app ends; its own thread."""
        parser = _Parser(self._tell_acknowledged, debug=self._debug)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(POLL):
                    if not (data := self._read()):
                        return
                    self._process(parser.feed(decode(data)))
                self._process(parser.tick())

    def _read(self) -> bytes:
        """What the terminal sent; nothing more will come where it is empty."""
        try:
            return os.read(self.fileno, READ_SIZE)
        except OSError:
            return b""

    def _process(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if isinstance(message, events.Key) and message.key != Keys.Ignore:
                self.key_came()
            self.process_message(message)

    def _tell_acknowledged(self) -> None:
        self._loop.call_soon_threadsafe(self._acknowledge)

    def _acknowledge(self) -> None:
        self._read_by_terminal = self._asked
        self.acknowledged()


class _Parser(XTermParser):
    """Textual's parser, which would report an unknown answer as the keys that it looks like."""

    def __init__(self, acknowledged: Callable[[], None], *, debug: bool) -> None:
        self._acknowledged = acknowledged
        super().__init__(debug)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if sequence == ANSWER:
            self._acknowledged()
            return [events.Key(Keys.Ignore, sequence)]
        return super()._sequence_to_key_events(sequence, alt)
