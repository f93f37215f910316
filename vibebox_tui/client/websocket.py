"""A WebSocket that hands every message on as it comes in, without a task switch for each."""

import logging
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import Event, State

Sink = Callable[[bytes, bool], None]
"""Takes a message's bytes, and whether they came as binary frames."""

MAX_FRAGMENTS: Final = 1024
"""Frames that one message may come in: more is an attack, or a server gone astray."""

quiet_logger = logging.getLogger("vibebox_tui.client.websocket")
quiet_logger.setLevel(logging.INFO)
"""websockets logs headers and frames at DEBUG: tokens and what is typed, so never here."""


class Socket(ClientConnection):
    """websockets' client connection, read by callback instead of by `recv`.

    One read of the network may bring hundreds of messages; `recv` would cost a future and two
    passes of the event loop for each. What arrives before `deliver_to` waits for it, and nothing
    more is read until then.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.heard: Callable[[], None] = lambda: None
        """Called whenever anything comes from the server, be it half a frame."""
        self._sink: Sink | None = None
        self._early: list[tuple[bytes, bool]] = []
        self._fragments: list[bytes] = []
        self._is_binary = False

    def deliver_to(self, sink: Sink) -> None:
        """Hand over what has come so far, and from now on everything at once."""
        early, self._early = self._early, []
        self._sink = sink
        self.transport.resume_reading()
        for data, is_binary in early:
            sink(data, is_binary)

    def send_now(self, data: bytes) -> bool:
        """Write one text message to the transport's buffer; False where it is closing."""
        if self.protocol.state is not State.OPEN or self.transport.is_closing():
            return False
        self.protocol.send_text(data)
        self.send_data()
        return True

    def data_received(self, data: bytes) -> None:
        self.heard()
        super().data_received(data)

    def process_event(self, event: Event) -> None:
        if isinstance(event, Response) or not isinstance(event, Frame):
            super().process_event(event)
        elif event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._take(event)
        else:
            super().process_event(event)

    def _take(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._is_binary = frame.opcode is Opcode.BINARY
            if frame.fin:
                self._hand_on(bytes(frame.data))
                return
        self._fragments.append(bytes(frame.data))
        if len(self._fragments) > MAX_FRAGMENTS:
            self.transport.abort()
        elif frame.fin:
            whole, self._fragments = b"".join(self._fragments), []
            self._hand_on(whole)

    def _hand_on(self, data: bytes) -> None:
        if self._sink is None:
            self._early.append((data, self._is_binary))
            self.transport.pause_reading()
        else:
            self._sink(data, self._is_binary)
