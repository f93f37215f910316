"""The codec: whatever the guide shows decodes, whatever is wrong is named."""

import contextlib
import json
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibebox_tui.protocol import messages as m
from vibebox_tui.protocol.codec import (
    MAX_MESSAGE_BYTES,
    InvalidMessageError,
    MessageTooBigError,
    decode_client_message,
    decode_server_message,
    deflate,
    encode,
    inflate,
)


def test_decodes_the_guides_subscription() -> None:
    frame = '{"type":"log_subscribe","payload":{"environmentId":"e1","stream":"stdout"}}'
    assert decode_client_message(frame) == m.LogSubscribe(
        m.LogSubscribeRequest(environment_id="e1", stream="stdout")
    )


def test_stream_defaults_to_all() -> None:
    message = decode_client_message('{"type":"log_subscribe","payload":{"environmentId":"e"}}')
    assert isinstance(message, m.LogSubscribe)
    assert message.payload.stream == "all"


def test_a_log_frame_has_every_field_of_the_guide() -> None:
    entry = m.LogEntry("e1", "stdout", "hello", timestamp="2025-10-01T12:34:56.789Z", seq=7)
    frame = encode(m.Log(entry, timestamp=1696165496789))
    assert json.loads(frame) == {
        "type": "log",
        "payload": {
            "environmentId": "e1",
            "stream": "stdout",
            "message": "hello",
            "timestamp": "2025-10-01T12:34:56.789Z",
            "seq": 7,
        },
        "timestamp": 1696165496789,
    }


def test_payload_is_always_an_object_and_a_pong_keeps_the_pings_number() -> None:
    ping = decode_client_message('{"type":"ping","payload":{},"timestamp":1696165496789}')
    assert json.loads(encode(m.Pong(timestamp=ping.timestamp))) == {
        "type": "pong",
        "payload": {},
        "timestamp": 1696165496789,
    }


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ("", ""),
        ("[]", ""),
        ("nonsense", ""),
        ('{"payload":{}}', "type"),
        ('{"type":"no_such_type","payload":{}}', "type"),
        ('{"type":"log_subscribe"}', "payload"),
        ('{"type":"log_subscribe","payload":{}}', "payload.environmentId"),
        ('{"type":"log_subscribe","payload":{"environmentId":"e","stream":"x"}}', "payload.stream"),
        (
            '{"type":"terminal_resize","payload":{"sessionId":"s","rows":0,"cols":80}}',
            "payload.rows",
        ),
        ('{"type":"log_subscribe","payload":{"environmentId":"\\ud800"}}', ""),
    ],
)
def test_names_the_field_that_is_wrong(frame: str, field: str) -> None:
    with pytest.raises(InvalidMessageError) as caught:
        decode_client_message(frame)
    assert caught.value.field == field
    assert caught.value.reason


def test_a_binary_frame_is_deflated_json() -> None:
    frame = deflate(encode(m.EnvListSubscribe()))
    assert decode_client_message(frame, deflated=True) == m.EnvListSubscribe()


@pytest.mark.parametrize("frame", [b"plain", deflate(b'{"type":"ping"}')[:-4]])
def test_a_binary_frame_that_is_no_whole_zlib_stream_is_refused(frame: bytes) -> None:
    with pytest.raises(InvalidMessageError):
        decode_client_message(frame, deflated=True)


def test_a_deflate_bomb_stops_at_the_limit() -> None:
    bomb = zlib.compress(b" " * (64 * MAX_MESSAGE_BYTES))
    with pytest.raises(MessageTooBigError):
        inflate(bomb)


def test_tolerates_the_errors_of_other_servers() -> None:
    frame = '{"type":"error","payload":{"message":"m","error":"Invalid or expired token"}}'
    message = decode_server_message(frame)
    assert isinstance(message, m.Error)
    assert message.payload.code == ""


@given(st.binary(max_size=200) | st.text(max_size=200), st.booleans())
def test_any_frame_decodes_or_is_refused(frame: str | bytes, deflated: bool) -> None:
    for decode in (decode_client_message, decode_server_message):
        with contextlib.suppress(InvalidMessageError, MessageTooBigError):
            decode(frame, deflated=deflated)


_entries = st.builds(
    m.LogEntry,
    environment_id=st.text(max_size=8),
    stream=st.sampled_from(["stdout", "stderr"]),
    message=st.text(max_size=40),
    seq=st.none() | st.integers(1, 2**53),
)


@given(st.lists(_entries, max_size=5), st.integers(0, 2**53))
def test_what_is_encoded_decodes_to_itself(entries: list[m.LogEntry], through: int) -> None:
    message = m.Logs(m.LogBatch("e", through, entries))
    assert decode_server_message(encode(message)) == message
    assert msgspec.json.decode(encode(message))["type"] == "logs"
