"""Frames that we build are those that a WebSocket client reads."""

import json
import zlib

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from vibebox_tui.protocol.messages import Pong
from vibebox_tui.server.frames import COMPRESS_FROM_BYTES, Form, Prepared, frame

SIZES = [0, 1, 125, 126, 127, 1023, 1024, 65535, 65536, 300_000]


def parse(data: bytes, *, compressed: bool = False) -> Frame:
    """One frame as websockets' own core reads it."""
    reader = StreamReader()
    reader.feed_data(data)
    extensions = [PerMessageDeflate(True, True, 15, 15)] if compressed else []
    parser = Frame.parse(reader.read_exact, mask=False, extensions=extensions)
    with pytest.raises(StopIteration) as done:
        next(parser)
    reader.feed_eof()
    with pytest.raises(StopIteration) as end:
        next(reader.at_eof())
    assert end.value.value, "nothing follows the frame"
    result = done.value.value
    assert isinstance(result, Frame)
    return result


@pytest.mark.parametrize("size", SIZES)
def test_a_text_frame_of_any_size(size: int) -> None:
    message = b"x" * size
    parsed = parse(frame(message, Form.TEXT))
    assert (parsed.opcode, parsed.fin, bytes(parsed.data)) == (Opcode.TEXT, True, message)


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_under_permessage_deflate(size: int) -> None:
    message = b"xyz" * size
    data = frame(message, Form.PERMESSAGE_DEFLATE)
    parsed = parse(data, compressed=True)
    assert (parsed.opcode, bytes(parsed.data)) == (Opcode.TEXT, message)
    if len(message) >= COMPRESS_FROM_BYTES:
        assert len(data) < len(message) / 2


@pytest.mark.parametrize("size", SIZES)
def test_a_deflated_binary_frame(size: int) -> None:
    message = b"abc" * size
    parsed = parse(frame(message, Form.DEFLATE))
    assert parsed.opcode is Opcode.BINARY
    assert zlib.decompress(parsed.data) == message


def test_a_message_is_framed_once_for_each_form() -> None:
    prepared = Prepared.of(Pong(timestamp=5))
    assert prepared.frame(Form.TEXT) is prepared.frame(Form.TEXT)
    assert json.loads(bytes(parse(prepared.frame(Form.TEXT)).data)) == {
        "type": "pong",
        "payload": {},
        "timestamp": 5,
    }
