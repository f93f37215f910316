"""The command line as a whole: quick to list, complete, clear about mistakes."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from vibebox_tui.cli.main import vibebox

SLOW = {"textual", "litestar", "uvicorn", "httpx", "websockets", "msgspec", "asyncio"}
"""What no command that only lists or prints may import."""


def names() -> list[str]:
    context = vibebox.make_context("vibebox", ["--help"], resilient_parsing=True)
    return vibebox.list_commands(context)


def test_help_lists_every_command() -> None:
    result = CliRunner().invoke(vibebox, ["--help"])
    assert result.exit_code == 0
    for name in names():
        assert f"\n  {name} " in result.output
    assert "demo-server" not in result.output


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["completion", "zsh"]])
def test_imports_nothing_slow_to_print_something(arguments: list[str]) -> None:
    code = (
        "import sys; from vibebox_tui.cli.failures import run;"
        "from vibebox_tui.cli.main import vibebox;"
        f"run(vibebox, {arguments!r}); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert not SLOW & set(done.stderr.split())


@pytest.mark.parametrize("name", names())
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(vibebox, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage: vibebox" in result.output


def test_an_unknown_command_is_wrong_usage() -> None:
    result = CliRunner().invoke(vibebox, ["dmeo"])
    assert result.exit_code == 2
    assert "dmeo" in result.output


def test_two_ways_to_name_a_server_are_one_too_many() -> None:
    result = CliRunner().invoke(vibebox, ["--url", "http://a", "--context", "b", "config", "path"])
    assert result.exit_code == 2
    assert "give one of them" in result.output


def test_completes_commands() -> None:
    environment = {
        **os.environ,
        "_VIBEBOX_COMPLETE": "bash_complete",
        "COMP_WORDS": "vibebox de",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "vibebox_tui"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.stdout.split() == ["plain,demo"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_prints_completion_for_a_shell(shell: str) -> None:
    result = CliRunner().invoke(vibebox, ["completion", shell])
    assert result.exit_code == 0
    assert "_VIBEBOX_COMPLETE" in result.output
