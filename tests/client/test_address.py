"""Server addresses in every form that a user may write."""

from pathlib import Path

import pytest

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.errors import UsageError


@pytest.mark.parametrize(
    ("text", "rest", "websocket"),
    [
        ("http://h:3000", "http://h:3000/api/v1/x", "ws://h:3000/api/v1/ws/logs"),
        ("http://h:3000/api/v1/", "http://h:3000/api/v1/x", "ws://h:3000/api/v1/ws/logs"),
        ("https://api.example.com/v1", "https://api.example.com/v1/x", "wss://api.example.com/v1/ws/logs"),
        ("wss://api.example.com/v1/ws", "https://api.example.com/v1/x", "wss://api.example.com/v1/ws/logs"),
        ("ws://h/deep/base/path", "http://h/deep/base/path/x", "ws://h/deep/base/path/ws/logs"),
        ("h:3000", "http://h:3000/api/v1/x", "ws://h:3000/api/v1/ws/logs"),
        ("http://[::1]:3000", "http://[::1]:3000/api/v1/x", "ws://[::1]:3000/api/v1/ws/logs"),
    ],
)  # fmt: skip
def test_understands(text: str, rest: str, websocket: str) -> None:
    address = ServerAddress.parse(text)
    assert address.rest_url("/x") == rest
    assert address.websocket_url("logs") == websocket


@pytest.mark.parametrize("text", ["unix:/run/v.sock", "unix:///run/v.sock"])
def test_understands_a_socket(text: str) -> None:
    address = ServerAddress.parse(text)
    assert address.socket == Path("/run/v.sock")
    assert str(address) == "unix:/run/v.sock"
    assert address.rest_url("/health") == "http://localhost/api/v1/health"


@pytest.mark.parametrize(
    ("text", "target", "port"),
    [
        ("ssh://box", "box", 0),
        ("ssh://Alias_1", "Alias_1", 0),
        ("ssh://alice@dev.example.com:2222", "alice@dev.example.com", 2222),
    ],
)
def test_understands_a_host_to_log_in_to(text: str, target: str, port: int) -> None:
    address = ServerAddress.parse(text)
    assert (address.ssh, address.port) == (target, port)
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    ["ssh://", "ssh://-oProxyCommand=x", "ssh://a@-oX", "ssh://a b", "ssh://h:x", "ssh://h;ls"],
)
def test_a_host_to_log_in_to_is_never_an_option_or_a_command(text: str) -> None:
    with pytest.raises(UsageError, match="ssh://user@host"):
        ServerAddress.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "ftp://h", "http://", "http://h:notaport", "http://h:99999", "unix:relative", "http://h?token=x",
     "http://user:pass@h", "http://[::1"],
)  # fmt: skip
def test_refuses_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        ServerAddress.parse(text)
    assert "pass" not in str(caught.value).replace("user:pass@", "")


@pytest.mark.parametrize(
    "text", ["http://h:3000", "https://h", "https://h:8443/v1", "unix:/run/v.sock"]
)
def test_says_itself_as_it_can_be_parsed(text: str) -> None:
    assert str(ServerAddress.parse(text)) == text
