"""`vibebox login` and `logout` as programs, and the dashboards that use the login."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running_server import RunningServer
from tests.support import DEADLINE
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.credentials import StaticToken
from vibebox_tui.client.rest import RestClient
from vibebox_tui.protocol.models import CreateUserRequest

EMAIL, PASSWORD = "ann@example.com", "a long password"


class Shell:
    """Runs `vibebox` in a home directory of its own, against one server."""

    def __init__(self, home: Path, server: RunningServer) -> None:
        self.home = home
        self._url = server.address

    async def run(self, *arguments: str, said: str = "") -> "subprocess.CompletedProcess[str]":
        """Run it with `said` on its standard input, while the server here goes on."""
        return await asyncio.to_thread(self._run, arguments, said)

    def _run(self, arguments: tuple[str, ...], said: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "vibebox_tui", *arguments],
            env={**kept, "HOME": str(self.home), "VIBEBOX_URL": self._url},
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=3 * DEADLINE,
        )

    @property
    def logins(self) -> list[Path]:
        return list(self.home.rglob("logins/*.json"))


@pytest.fixture
async def shell(server: RunningServer, short_path: Path) -> Shell:
    home = short_path / "home"
    home.mkdir()
    async with RestClient(ServerAddress.parse(server.address), StaticToken(server.token())) as rest:
        await rest.create_user(CreateUserRequest(EMAIL, PASSWORD, "admin"))
    return Shell(home, server)


async def test_a_login_lets_in_without_a_token(server: RunningServer, shell: Shell) -> None:
    environment = await server.create("echo", "hello", start=True)
    await server.logged(environment.id, 1)
    before = await shell.run("logs", environment.name)
    assert before.returncode != 0
    assert "vibebox login" in before.stderr

    run = await shell.run("login", "--email", EMAIL, said=f"{PASSWORD}\n")
    assert run.returncode == 0, run.stderr
    assert EMAIL in run.stdout
    (login,) = shell.logins
    assert stat.S_IMODE(login.stat().st_mode) == 0o600

    after = await shell.run("logs", environment.name)
    assert after.returncode == 0, after.stderr
    assert "hello" in after.stdout

    out = await shell.run("logout")
    assert out.returncode == 0, out.stderr
    assert shell.logins == []
    assert (await shell.run("logs", environment.name)).returncode != 0


async def test_a_wrong_password_is_a_sentence(shell: Shell) -> None:
    run = await shell.run("login", "--email", EMAIL, said="wrong password\n")
    assert run.returncode == 1
    assert run.stderr.startswith("vibebox: cannot log in at http://127.0.0.1")
    assert len(run.stderr.splitlines()) == 1
    assert shell.logins == []


async def test_ones_own_server_needs_no_login(shell: Shell) -> None:
    run = await shell.run("login", "--url", "unix:/nowhere/server.sock", "--email", EMAIL)
    assert run.returncode == 2
    assert "needs no login" in run.stderr
