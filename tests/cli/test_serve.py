"""`vibebox serve`, `user` and `token` as programs."""

import contextlib
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support import wait_for_sync

PATIENCE = 30.0
PASSWORD = "a long password"
SECRET = "a secret of one's own, long enough for HS256"


class Serving:
    """A running `vibebox serve`."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def said(self) -> str:
        """Everything that it has logged."""
        return self._log.read_text()

    @property
    def address(self) -> str:
        """Where it listens, as its log says."""
        found = wait_for_sync(lambda: re.search(r'listening on ([^\s"]+)', self.said), PATIENCE)
        return str(found[1])

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit status after a signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


Serve = Callable[..., Serving]


@pytest.fixture
def environment(short_path: Path) -> dict[str, str]:
    """An empty home directory."""
    home, runtime = short_path / "home", short_path / "run"
    home.mkdir()
    runtime.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(runtime)}


@pytest.fixture
def serve(short_path: Path, environment: dict[str, str]) -> Iterator[Serve]:
    """Start servers; they are ended after the test, with what runs in them."""
    running: list[Serving] = []

    def start(*arguments: str, **variables: str) -> Serving:
        log = short_path / f"log-{len(running)}"
        defaults = ["--data-dir", str(short_path / "data"), "--stop-environments"]
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "vibebox_tui", "serve", *defaults, *arguments],
                env=environment | variables,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        running.append(Serving(process, log))
        return running[-1]

    yield start
    for serving in running:
        with contextlib.suppress(ProcessLookupError):
            serving.end()
        if serving.process.stdin is not None:
            serving.process.stdin.close()


def failure(serving: Serving) -> str:
    """What a server says that can't start: one sentence, status 1."""
    assert serving.process.wait(PATIENCE) == 1, serving.said
    assert "Traceback" not in serving.said
    (line,) = serving.said.splitlines()
    assert line.startswith("vibebox: ")
    return line


def run(environment: dict[str, str], *arguments: str, **variables: str) -> str:
    """What a command prints that succeeds."""
    done = subprocess.run(
        [sys.executable, "-m", "vibebox_tui", *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def get(address: str, path: str, token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if address.startswith("unix:"):
        transport = httpx.HTTPTransport(uds=address.removeprefix("unix:"))
        with httpx.Client(transport=transport) as http:
            return http.get(f"http://local/api/v1{path}", headers=headers)
    with httpx.Client(trust_env=False) as http:
        return http.get(f"{address}{path}", headers=headers)


# --- life ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_on_a_free_port_until_a_signal(serve: Serve, number: int) -> None:
    serving = serve("--port", "0")
    assert get(serving.address, "/health").json()["status"] == "ok"
    assert serving.end(number) == 0


def test_a_signal_during_the_start_is_heeded(serve: Serve, short_path: Path) -> None:
    serving = serve("--port", "0")
    wait_for_sync(lambda: (short_path / "data" / "server.lock").exists(), PATIENCE)
    assert serving.end() in (0, -signal.SIGTERM)


def test_a_socket_is_its_owners_alone_with_a_credential_beside_it(
    serve: Serve, short_path: Path
) -> None:
    path = short_path / "deep" / "server.sock"
    serving = serve("--uds", str(path))
    assert serving.address == f"unix:{path}"
    credential = path.with_suffix(".credential")
    wait_for_sync(credential.exists, PATIENCE)
    for private, mode in ((path, 0o600), (credential, 0o600), (short_path / "data", 0o700)):
        assert stat.S_IMODE(private.stat().st_mode) == mode, private
    assert stat.S_IMODE((short_path / "data" / "secret").stat().st_mode) == 0o600
    assert get(serving.address, "/auth/me", credential.read_text()).json()["role"] == "admin"
    assert serving.end() == 0
    assert not path.exists()
    assert not credential.exists()


def test_ends_with_its_standard_input_where_told_so(serve: Serve) -> None:
    serving = serve("--port", "0", "--until-stdin-closes")
    assert serving.address
    assert serving.process.stdin is not None
    serving.process.stdin.close()
    assert serving.process.wait(PATIENCE) == 0


def test_a_dead_servers_socket_is_taken_over(serve: Serve, short_path: Path) -> None:
    path = short_path / "server.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    serving = serve("--uds", str(path))
    assert serving.address
    wait_for_sync(path.with_suffix(".credential").exists, PATIENCE)


def test_serves_tls(serve: Serve, short_path: Path) -> None:
    certificate, key = self_signed(short_path)
    serving = serve("--port", "0", "--certfile", str(certificate), "--keyfile", str(key))
    assert serving.address.startswith("https://127.0.0.1:")
    import ssl

    context = ssl.create_default_context(cafile=str(certificate))
    with httpx.Client(verify=context, trust_env=False) as http:
        assert http.get(f"{serving.address}/health").status_code == 200


# --- what can't be -------------------------------------------------------------------------


def test_a_port_in_use(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        said = failure(serve("--port", port))
    assert f"127.0.0.1:{port} is in use already" in said


def test_a_second_server_on_the_same_data_says_so(serve: Serve) -> None:
    assert serve("--port", "0").address
    assert "another server uses the data directory" in failure(serve("--port", "0"))


def test_a_second_server_on_the_same_socket_says_so(serve: Serve, short_path: Path) -> None:
    path = str(short_path / "server.sock")
    first = serve("--uds", path)
    assert first.address
    second = serve("--uds", path, "--data-dir", str(short_path / "other"))
    assert f"another server listens on {path} already" in failure(second)
    assert get(first.address, "/health").status_code == 200


@pytest.mark.parametrize("content", ["", "nonsense"])
def test_a_certificate_that_is_none(serve: Serve, short_path: Path, content: str) -> None:
    path = short_path / "cert.pem"
    path.write_text(content)
    said = failure(serve("--port", "0", "--certfile", str(path), "--keyfile", str(path)))
    assert "are no certificate with its key" in said


def test_a_certificate_that_is_not_there(serve: Serve) -> None:
    said = failure(serve("--port", "0", "--certfile", "/no/cert", "--keyfile", "/no/key"))
    assert "there is no certificate or key /no/cert" in said


def test_a_data_directory_that_cant_be_one(serve: Serve, short_path: Path) -> None:
    (short_path / "file").write_text("")
    said = failure(serve("--port", "0", "--data-dir", str(short_path / "file")))
    assert f"the data directory {short_path / 'file'} can't be used" in said


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--host", "0.0.0.0"], "needs a secret of your own"),
        (["--host", "example.com"], "needs a secret of your own"),
        (["--secret", "short"], "at least 32 bytes"),
        (["--certfile", "/no/cert"], "go together"),
        (["--base-path", "api"], "must begin with /"),
        (["--port", "70000"], "70000"),
        (["--public-key", "/no/key"], "/no/key"),
    ],
)
def test_wrong_usage_ends_with_status_2(serve: Serve, arguments: list[str], reason: str) -> None:
    serving = serve(*arguments)
    assert serving.process.wait(PATIENCE) == 2
    assert reason in serving.said
    assert "Traceback" not in serving.said


def test_listens_elsewhere_with_a_secret(serve: Serve) -> None:
    serving = serve("--host", "0.0.0.0", "--port", "0", VIBEBOX_SECRET=SECRET)
    address = serving.address.replace("0.0.0.0", "127.0.0.1")
    assert get(address, "/health").status_code == 200
    assert SECRET not in serving.said


# --- users ---------------------------------------------------------------------------------


def test_a_user_is_added_while_the_server_runs_and_gets_a_token(
    serve: Serve, environment: dict[str, str], short_path: Path
) -> None:
    serving = serve("--port", "0")
    address = serving.address
    data = ["--data-dir", str(short_path / "data")]
    added = run(
        environment, "user", "add", "a@b.c", "--role", "viewer", *data, VIBEBOX_PASSWORD=PASSWORD
    )
    assert "a@b.c" in added
    with httpx.Client(trust_env=False) as http:
        body = {"email": "a@b.c", "password": PASSWORD}
        assert http.post(f"{address}/auth/login", json=body).status_code == 200
    token = run(environment, "token", "a@b.c", *data)
    assert get(address, "/auth/me", token).json()["role"] == "viewer"
    assert "a@b.c\tviewer" in run(environment, "user", "list", *data)
    run(environment, "user", "remove", "a@b.c", *data)
    wait_for_sync(lambda: get(address, "/auth/me", token).status_code == 401)
    assert token not in serving.said


def test_a_changed_user_logs_in_with_the_new_password_and_role_only(
    serve: Serve, environment: dict[str, str], short_path: Path
) -> None:
    address = serve("--port", "0").address
    data = ["--data-dir", str(short_path / "data")]
    run(environment, "user", "add", "a@b.c", *data, VIBEBOX_PASSWORD=PASSWORD)
    other = f"another {PASSWORD}"
    with httpx.Client(trust_env=False) as http:
        old = {"email": "a@b.c", "password": PASSWORD}
        tokens = http.post(f"{address}/auth/login", json=old).json()
        said = run(
            environment, "user", "change", "a@b.c", "--role", "viewer", *data,
            VIBEBOX_PASSWORD=other,
        )  # fmt: skip
        assert said.strip() == "changed a@b.c, now viewer"
        assert get(address, "/auth/me", tokens["accessToken"]).status_code == 401
        used = {"refreshToken": tokens["refreshToken"]}
        assert http.post(f"{address}/auth/refresh", json=used).status_code == 401
        assert http.post(f"{address}/auth/login", json=old).status_code == 401
        new = http.post(f"{address}/auth/login", json={**old, "password": other}).json()
    assert get(address, "/auth/me", new["accessToken"]).json()["role"] == "viewer"


def self_signed(directory: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and its key."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = directory / "cert.pem", directory / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file
