"""Which requests are handed on unparsed: those for a WebSocket that nothing is odd about."""

import pytest

from vibebox_tui.server.http_protocol import MAX_USUAL_BYTES, asks_for_websocket

USUAL = (
    b"Host: localhost:8080",
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b"Sec-WebSocket-Version: 13",
)


def request(*headers: bytes, line: bytes = b"GET /api/v1/ws/logs?batch=1 HTTP/1.1") -> bytes:
    return b"\r\n".join([line, *headers, b"", b""])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(request(*USUAL), id="ours"),
        pytest.param(request(*reversed(USUAL)), id="in another order"),
        pytest.param(request(*USUAL).replace(b"Upgrade", b"upgrade"), id="in small letters"),
        pytest.param(
            request(
                USUAL[0],
                b"Connection: keep-alive, Upgrade",
                b"Pragma: no-cache",
                b"Upgrade: websocket",
                b"Origin: http://localhost:8080",
                b"Cookie: name=\xc3\xbc; other=\xff",
                *USUAL[3:],
                b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            ),
            id="a browser's",
        ),
        pytest.param(request(*USUAL, b"X: " + b"x" * 1500), id="a long one"),
    ],
)
def test_usual_ones(data: bytes) -> None:
    assert asks_for_websocket(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(request(*USUAL)[:-2], id="not yet whole"),
        pytest.param(request(*USUAL) + b"\x81\x80\0\0\0\0", id="more than the request"),
        pytest.param(request(USUAL[0]), id="no WebSocket"),
        pytest.param(request(*USUAL[1:]), id="no host"),
        pytest.param(request(*USUAL, b"Host: other"), id="two hosts"),
        pytest.param(request(*USUAL, line=b"get / HTTP/1.1"), id="a method in small letters"),
        pytest.param(request(*USUAL[:2], *USUAL[3:]), id="no connection header"),
        pytest.param(request(*USUAL, b"Connection: x", line=b"HEAD / HTTP/1.1"), id="not GET"),
        pytest.param(request(*USUAL, line=b"GET / HTTP/1.0"), id="an old HTTP"),
        pytest.param(request(*USUAL, line=b"GET http://x/ HTTP/1.1"), id="to a proxy"),
        pytest.param(request(*USUAL, line=b"GET /\x80 HTTP/1.1"), id="no ASCII in the path"),
        pytest.param(request(*USUAL, line=b"GET / / HTTP/1.1"), id="two paths"),
        pytest.param(request(*USUAL[:1], b"Upgrade: h2c", *USUAL[2:]), id="another protocol"),
        pytest.param(request(*USUAL[:2], b"Connection: Upgrades", *USUAL[3:]), id="another word"),
        pytest.param(request(*USUAL, b"Content-Length: 3"), id="a body"),
        pytest.param(request(*USUAL, b"Transfer-Encoding: chunked"), id="a body in chunks"),
        pytest.param(request(*USUAL, b"X : y"), id="a blank in a name"),
        pytest.param(request(*USUAL, b" folded"), id="a folded line"),
        pytest.param(request(*USUAL, b"X: a\0b"), id="a NUL"),
        pytest.param(request(*USUAL).replace(b"\r\n", b"\n"), id="ends of lines without CR"),
        pytest.param(request(*USUAL, *[b"X: y"] * 60), id="many headers"),
        pytest.param(request(*USUAL, b"X: " + b"x" * MAX_USUAL_BYTES), id="too long"),
    ],
)
def test_odd_ones_are_left_to_the_parser(data: bytes) -> None:
    assert not asks_for_websocket(data)
