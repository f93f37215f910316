"""Bad input: a sentence that says what failed and what to do, the right status, no traceback."""

import asyncio
import datetime
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import StartServer
from tests.running_server import RunningServer


class Outcome(NamedTuple):
    """How a run of `vibebox` ended."""

    status: int
    output: str
    said: str


Vibebox = Callable[..., Awaitable[Outcome]]


@pytest.fixture
def vibebox(short_path: Path) -> Vibebox:
    """Runs `vibebox` as a program of its own, in a terminal and an empty home directory."""
    (short_path / "run").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    home = {**kept, "HOME": str(short_path), "XDG_RUNTIME_DIR": str(short_path / "run")}

    async def run(*arguments: str, terminal: bool = True, **variables: str) -> Outcome:
        ours, theirs = os.openpty()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "vibebox_tui",
            *arguments,
            env=home | variables,
            stdin=theirs if terminal else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        watchdog = asyncio.get_running_loop().call_later(30, process.kill)
        said, (output, _) = await asyncio.gather(
            asyncio.to_thread(read_all, ours), process.communicate()
        )
        watchdog.cancel()
        os.close(ours)
        assert process.returncode is not None
        assert b"Traceback" not in output + said
        text = said.decode().replace("\r\n", "\n")
        return Outcome(process.returncode, output.decode(), text)

    return run


def read_all(terminal: int) -> bytes:
    """What is written to a terminal until its other end is closed (Linux says so by EIO)."""
    data = b""
    with suppress(OSError):
        while piece := os.read(terminal, 65536):
            data += piece
    return data


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def assert_sentence(outcome: Outcome, status: int, *words: str) -> None:
    """It ended with `status` and one line of ours that has all `words`."""
    assert outcome.status == status, outcome
    assert outcome.said.startswith("vibebox: ")
    assert outcome.said.count("\n") == 1, outcome.said
    for word in words:
        assert word in outcome.said


# --- servers -------------------------------------------------------------------------------


async def test_a_server_that_is_not_there(vibebox: Vibebox) -> None:
    address = f"127.0.0.1:{a_free_port()}"
    outcome = await vibebox("--url", f"http://{address}", "--token", "a.b.c")
    assert_sentence(outcome, 1, "cannot reach", address)


async def test_a_host_that_does_not_exist(vibebox: Vibebox) -> None:
    outcome = await vibebox("--url", "http://nowhere.invalid", "--token", "a.b.c")
    assert_sentence(outcome, 1, "cannot reach", "nowhere.invalid")


async def test_an_address_that_is_none(vibebox: Vibebox) -> None:
    assert_sentence(await vibebox("--url", "ftp://x", "--token", "a"), 2, "no server address")


async def test_something_else_listens_there(vibebox: Vibebox) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        outcome = await vibebox("--url", f"http://127.0.0.1:{port}", "--token", "a.b.c")
    assert_sentence(outcome, 1, str(port))


async def test_a_certificate_that_does_not_verify(
    vibebox: Vibebox, start_server: StartServer, short_path: Path
) -> None:
    certificate, key = self_signed(short_path)
    server = await start_server(certfile=certificate, keyfile=key)
    url = f"https://localhost:{server.server.port}"
    outcome = await vibebox("--url", url, "--token", server.token())
    assert_sentence(outcome, 1, "certificate")


# --- tokens --------------------------------------------------------------------------------


async def test_an_expired_token(vibebox: Vibebox, server: RunningServer) -> None:
    outcome = await vibebox("--url", server.url, VIBEBOX_TOKEN=server.token(seconds=-3600))
    assert_sentence(outcome, 1, "expired")


@pytest.mark.parametrize(
    "token", ["nonsense", "a.b.c", "é\x01", pytest.param("x" * 100_000, id="very long")]
)
async def test_a_malformed_token(vibebox: Vibebox, server: RunningServer, token: str) -> None:
    outcome = await vibebox("--url", server.url, VIBEBOX_TOKEN=token)
    assert_sentence(outcome, 1, "token")


async def test_a_token_command_that_fails(vibebox: Vibebox, short_path: Path) -> None:
    config = short_path / "c.toml"
    config.write_text('[contexts.a]\nurl = "http://127.0.0.1:9"\ntoken_command = ["false"]\n')
    outcome = await vibebox("--config", str(config), "--context", "a")
    assert_sentence(outcome, 1, "'false' failed with exit code 1")


async def test_a_token_variable_that_is_not_set(vibebox: Vibebox, short_path: Path) -> None:
    config = short_path / "c.toml"
    config.write_text('[contexts.a]\nurl = "http://127.0.0.1:9"\ntoken_env = "NOT_SET"\n')
    outcome = await vibebox("--config", str(config), "--context", "a")
    assert_sentence(outcome, 2, "NOT_SET")


# --- usage and configuration ---------------------------------------------------------------


async def test_an_unknown_option(vibebox: Vibebox) -> None:
    assert_sentence(await vibebox("--nonsense"), 2, "--nonsense", "--help")


async def test_a_broken_configuration(vibebox: Vibebox, short_path: Path) -> None:
    config = short_path / "c.toml"
    config.write_text("theme =")
    outcome = await vibebox(VIBEBOX_CONFIG=str(config))
    assert_sentence(outcome, 2, str(config), "not valid TOML")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[settings]\ntheme = "vibebox-drak"', ("settings.theme", "'vibebox-dark'")),
        ('[keys]\n"list.strt" = "x"', ("keys.list.strt", "'list.start'")),
    ],
)
async def test_a_name_that_only_the_dashboard_knows(
    vibebox: Vibebox, server: RunningServer, short_path: Path, text: str, words: tuple[str, ...]
) -> None:
    config = short_path / "c.toml"
    config.write_text(text)
    outcome = await vibebox(
        "--config", str(config), "--url", server.url, VIBEBOX_TOKEN=server.token()
    )
    assert_sentence(outcome, 2, str(config), *words)


async def test_a_context_that_is_not_there(vibebox: Vibebox) -> None:
    assert_sentence(await vibebox("--context", "prod"), 2, "no such context")


async def test_a_state_directory_that_cannot_be_made(vibebox: Vibebox, short_path: Path) -> None:
    (short_path / "file").touch()
    outcome = await vibebox(XDG_STATE_HOME=str(short_path / "file"))
    assert_sentence(outcome, 1, str(short_path / "file"))


async def test_no_terminal_to_draw_on(vibebox: Vibebox) -> None:
    outcome = await vibebox(terminal=False)
    assert_sentence(outcome, 2, "needs a terminal")


# --- the server's own ----------------------------------------------------------------------


async def test_a_port_in_use(vibebox: Vibebox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        outcome = await vibebox("serve", "--port", port)
    assert outcome.status == 1
    assert port in outcome.said
    assert "in use" in outcome.said


async def test_another_address_without_a_secret(vibebox: Vibebox) -> None:
    assert_sentence(await vibebox("serve", "--host", "0.0.0.0"), 2, "VIBEBOX_SECRET")


def self_signed(directory: Path) -> tuple[Path, Path]:
    """A certificate for localhost that nobody trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = directory / "box.pem", directory / "box.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file
