"""What the dashboard logs: connections in full, and nothing of what they carry."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import FaultRelay
from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.terminals import ESCAPE, shell, type_text, until
from vibebox_tui.cli.log_file import LEVEL_VARIABLE, LOG_BYTES, log_to_file
from vibebox_tui.client.events import LinkPhase


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The dashboard's log with all that it may have, written as `vibebox` writes it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv(LEVEL_VARIABLE, "debug")
    root, ours = logging.getLogger(), logging.getLogger("vibebox_tui")
    handlers, level = list(root.handlers), ours.level
    yield log_to_file()
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    ours.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.usefixtures("plain_shell")
async def test_connections_and_losses_are_logged_and_no_token_no_line_no_key(
    server: RunningServer, log: Path
) -> None:
    script = "while :; do echo a-line-of-the-log; sleep 0.1; done"
    await server.create("sh", "-c", script, name="one", start=True)
    async with FaultRelay(server.port) as relay:
        address = f"http://127.0.0.1:{relay.port}"
        async with shell(server, is_new=False, address=address) as shown:
            await type_text(shown, "echo typed-$((6*7))", "enter")
            await until(shown, "typed-42")
            relay.reset()
            await wait_for(lambda: shown.client.link.phase is LinkPhase.WAITING)
            await type_text(shown, "typed-offline")
            shown.client.retry_now()
            await wait_for(lambda: shown.client.link.phase is LinkPhase.CONNECTED)
            await shown.press(ESCAPE, "x")
            token = shown.client._access.credentials
            secret = (await token.token()).reveal()
    text = await asyncio.to_thread(log.read_text)
    assert "logs: connected (1 of 1 attempts)" in text
    assert "terminal one/shell-1: lost after" in text
    assert "the connection was cut" in text
    assert "bytes" in text
    for kept_out in (secret, secret.split(".")[2], "Bearer", "typed-", "a-line-of-the-log"):
        assert kept_out not in text


def test_a_full_log_is_put_aside(log: Path) -> None:
    for _ in range(3 * LOG_BYTES // 1000):
        logging.getLogger("vibebox_tui.test").info("x" * 1000)
    aside = log.with_name("dashboard.log.1")
    assert {each.name for each in log.parent.iterdir()} == {"dashboard.log", "dashboard.log.1"}
    assert max(each.stat().st_size for each in (log, aside)) <= LOG_BYTES
    assert log.parent.stat().st_mode & 0o777 == 0o700
