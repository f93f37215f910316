"""A server by SSH: through a real sshd, with everything that the user's configuration says."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.client.reading import lines_until, next_of, next_where
from tests.client.ssh_server import COMMAND, SshServer, ssh_server
from tests.running_server import RunningServer
from tests.support import wait_for
from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.client import Client
from vibebox_tui.client.errors import ClientError
from vibebox_tui.client.events import (
    LinkPhase,
    LinkState,
    LogLiveNow,
    LogResumed,
    TerminalLiveNow,
    TerminalText,
)
from vibebox_tui.client.ssh import SshCredentials, SshTunnel

pytestmark = pytest.mark.timeout(120)

PATIENCE = 40.0
"""Seconds: each session starts an interpreter on the other side."""


@pytest.fixture
def sshd(
    uds_server: RunningServer, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SshServer]:
    assert uds_server.uds is not None
    with ssh_server(short_path / "ssh", uds_server.uds) as server:
        monkeypatch.setenv("PATH", server.path)
        yield server


def ssh_client(url: str = "ssh://box") -> Client:
    address = ServerAddress.parse(url)
    tunnel = SshTunnel(address, COMMAND)
    return Client(address, SshCredentials(tunnel), tunnel=tunnel, chance=lambda: 0.0)


def running_ssh() -> list[int]:
    """The processes of ours that are an `ssh` to the other side."""
    found = psutil.Process().children(recursive=True)
    return [each.pid for each in found if each.name() == "ssh"]


async def test_everything_goes_over_ssh_and_nothing_stays(
    uds_server: RunningServer, sshd: SshServer
) -> None:
    environment = await uds_server.create("sh", "-c", "seq 1 500; exec sleep 600", start=True)
    session = await uds_server.open_session(environment.id)
    async with ssh_client() as client:
        assert [each.id for each in await client.rest.environments()] == [environment.id]
        async with (
            client.logs(environment.id) as log,
            client.terminal(session.id, rows=24, columns=80) as terminal,
        ):
            assert await lines_until(log, "500", PATIENCE) == [str(n) for n in range(1, 501)]
            await next_of(terminal, TerminalLiveNow, PATIENCE)
            terminal.send("echo $((6 * 7))\n")
            await next_where(
                terminal,
                lambda event: isinstance(event, TerminalText) and "42" in event.data,
                PATIENCE,
            )
        assert str(client.address) == "ssh://box"
        assert running_ssh()
    await wait_for(lambda: not running_ssh(), what="the end of every ssh")


async def test_a_lost_ssh_is_logged_in_anew_and_the_log_goes_on(
    uds_server: RunningServer, sshd: SshServer
) -> None:
    script = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done"
    environment = await uds_server.create("sh", "-c", script, start=True)
    async with ssh_client() as client, client.logs(environment.id) as log:
        await next_of(log, LogLiveNow, PATIENCE)
        sshd.stop()
        lost = await next_where(
            log, lambda event: isinstance(event, LinkState) and event.reason, PATIENCE
        )
        assert lost.phase is not LinkPhase.CONNECTED
        sshd.start()
        client.retry_now()
        resumed = await next_of(log, LogResumed, PATIENCE)
        assert resumed.complete


async def test_what_ssh_complains_about_is_what_the_user_reads(sshd: SshServer) -> None:
    sshd.authorize(is_known=False)
    async with ssh_client() as client:
        with pytest.raises(ClientError, match=r"ssh://box: .*Permission denied"):
            await client.rest.environments()


async def test_a_host_without_vibebox_is_said_so(sshd: SshServer) -> None:
    address = ServerAddress.parse("ssh://box")
    tunnel = SshTunnel(address, ["no-such-program"])
    async with Client(address, SshCredentials(tunnel), tunnel=tunnel) as client:
        with pytest.raises(ClientError, match="no-such-program"):
            await client.rest.environments()
