"""An engine on another host, by SSH: through a real sshd, as `DOCKER_HOST=ssh://…` has it."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from tests.client.ssh_server import SshServer, ssh_server
from tests.server.containers import InsideWithContainers, require_engine
from tests.server.test_docker_environments import SERVES, SLOW, reaches, started
from tests.server.test_docker_sessions import shows
from tests.support import wait_for, wait_for_sync
from vibebox_tui.server.errors import RuntimeAwayError
from vibebox_tui.server.runtimes.docker.address import find_address
from vibebox_tui.server.runtimes.docker.tunnel import ssh_place

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.timeout(600)]


@pytest.fixture
def sshd(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    require_engine()
    with ssh_server(short_path / "ssh", short_path / "none.sock") as server:
        monkeypatch.setenv("PATH", server.path)
        yield server


@pytest.fixture
async def remote(sshd: SshServer, short_path: Path) -> AsyncIterator[InsideWithContainers]:
    """The inside of a server whose engine is on the other side of the sshd."""
    engine = (find_address() or "").removeprefix("unix://")
    inside = InsideWithContainers(short_path / "data", f"ssh://box{engine}")
    await inside.open()
    yield inside
    await inside.remove_all()
    await inside.close()


async def test_all_of_it_goes_by_ssh_and_nothing_stays(
    remote: InsideWithContainers, sshd: SshServer
) -> None:
    environment = await started(remote, SERVES)
    assert environment.status == "running"
    await wait_for(lambda: remote.audience.messages() == ["ready"], SLOW)
    session = await remote.session(environment, rows=21, cols=77)
    await remote.sessions.write(session.id, "stty size; mark=kept; echo he''re\n")
    await shows(remote, "21 77")
    await shows(remote, "\r\nhere")

    await remote.close(leave_running=True)
    assert len(running_ssh(sshd)) == 1, "the session's"
    await remote.open()
    await remote.sessions.write(session.id, "echo it is $mark; exit 5\n")
    await shows(remote, "it is kept")
    await wait_for(lambda: remote.audience.exits, SLOW)
    assert remote.audience.exits[0].exit_code == 5
    await remote.environments.stop(environment.id)
    await reaches(remote, environment, "stopped")
    await remote.remove_all()
    await remote.close()
    await wait_for(lambda: not running_ssh(sshd), what="the end of every ssh")
    await remote.open()


async def test_a_link_that_breaks_is_made_again(
    remote: InsideWithContainers, sshd: SshServer
) -> None:
    environment = await started(remote, SERVES)
    session = await remote.session(environment)
    await remote.sessions.write(session.id, "echo he''re\n")
    await shows(remote, "\r\nhere")
    sshd.stop()
    assert "container engine is away" in await reaches(remote, environment, "error")
    await wait_for(lambda: remote.audience.exits, SLOW)
    sshd.start()
    await reaches(remote, environment, "running")
    assert environment.last_error is None


async def test_what_ssh_says_is_the_reason(remote: InsideWithContainers, sshd: SshServer) -> None:
    sshd.authorize(is_known=False)
    environment = await remote.create("true")
    with pytest.raises(RuntimeAwayError, match=r"ssh://box.* can't be reached: .*publickey"):
        await remote.environments.start(environment.id)
    sshd.authorize(is_known=True)
    await wait_for(lambda: environment.status == "stopped", SLOW, "another start, by itself")


async def test_an_ssh_that_is_killed_is_started_again(
    remote: InsideWithContainers, sshd: SshServer
) -> None:
    environment = await started(remote, SERVES)
    (ssh,) = running_ssh(sshd)
    assert environment.status == "running"
    ssh.send_signal(signal.SIGKILL)
    await reaches(remote, environment, "error")
    await reaches(remote, environment, "running")
    (again,) = running_ssh(sshd)
    assert again.pid != ssh.pid


OWNER = """
import asyncio, sys
from vibebox_tui.server.runtimes.docker.tunnel import SshTunnel

async def main():
    print(await SshTunnel(sys.argv[1]).open(), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
"""Opens a tunnel and then waits to be killed."""


def test_it_ends_with_a_server_that_is_killed(sshd: SshServer) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, "ssh://box"], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline().startswith("unix://")
        assert running_ssh(sshd)
        owner.kill()
    wait_for_sync(lambda: not running_ssh(sshd), what="the end of its ssh")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("ssh://box", ("box", "", "/var/run/docker.sock")),
        ("ssh://me@box.example:2222", ("me@box.example", "2222", "/var/run/docker.sock")),
        ("ssh://me@[::1]:22/", ("me@::1", "22", "/var/run/docker.sock")),
        ("ssh://core@box/run/podman/podman.sock", ("core@box", "", "/run/podman/podman.sock")),
    ],
)
def test_places_are_read_as_docker_and_podman_write_them(
    address: str, place: tuple[str, str, str]
) -> None:
    assert tuple(ssh_place(address).values()) == place


@pytest.mark.parametrize("address", ["ssh://", "ssh://-oProxyCommand=id", "ssh://me:secret@box"])
def test_what_is_no_place_is_refused(address: str) -> None:
    with pytest.raises(RuntimeAwayError, match="give ssh://user@host"):
        ssh_place(address)


def running_ssh(sshd: SshServer) -> list[psutil.Process]:
    """The processes that are an `ssh` of ours to the other side."""
    ours = sshd.path.partition(":")[0]
    return [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "ssh" and ours in " ".join(process.info["cmdline"] or ())
    ]
