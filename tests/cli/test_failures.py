"""What a user meets when something fails: a sentence, a status, never a traceback."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from vibebox_tui.cli.failures import BROKEN_PIPE, INTERRUPTED, run
from vibebox_tui.cli.main import vibebox
from vibebox_tui.errors import UsageError, VibeBoxError


def command(action: Callable[[], object]) -> click.Command:
    return click.Command("it", callback=action)


def failing(error: BaseException) -> click.Command:
    def fail() -> None:
        raise error

    return command(fail)


def test_success_is_0_and_a_returned_status_is_the_status() -> None:
    assert run(command(lambda: None), []) == 0
    assert run(command(lambda: 3), []) == 3


@pytest.mark.parametrize(
    ("error", "said", "status"),
    [
        (VibeBoxError("the server is gone; start it"), "the server is gone; start it", 1),
        (UsageError("the URL is wrong"), "the URL is wrong", 2),
        (FileNotFoundError(2, "No such file", "/a/b"), "/a/b: No such file", 1),
        (TimeoutError("too slow"), "too slow", 1),
    ],
)
def test_a_failure_is_a_sentence_on_standard_error(
    capsys: pytest.CaptureFixture[str], error: Exception, said: str, status: int
) -> None:
    assert run(failing(error), []) == status
    captured = capsys.readouterr()
    assert captured.err == f"vibebox: {said}\n"
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ulr", "x"], "no such option '--ulr'; did you mean '--url'?"),
        (["--nonsense"], "no such option '--nonsense'; see vibebox --help"),
        (["dmeo"], "no such command 'dmeo'; did you mean 'demo'?"),
        (["--url"], "option '--url' requires an argument"),
        (["shell"], "missing argument 'ENVIRONMENT'; see vibebox shell --help"),
        (["play", "a", "b"], "got unexpected extra argument (b); see vibebox play --help"),
        (
            ["serve", "--port", "abc"],
            "invalid value for '--port': 'abc' is not a valid integer range; "
            "see vibebox serve --help",
        ),
        (
            ["completion", "csh"],
            "invalid value for '{bash|zsh|fish}': 'csh' is not one of 'bash', 'zsh', 'fish'; "
            "see vibebox completion --help",
        ),
    ],
)
def test_a_wrong_command_line_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(vibebox, arguments) == 2
    assert capsys.readouterr().err == f"vibebox: {said}\n"


def test_a_group_alone_shows_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(vibebox, ["user"]) == 2
    assert "Commands:\n  add " in capsys.readouterr().err


def test_what_nobody_foresaw_leaves_a_report_that_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("vibebox_tui.paths.state_directory", lambda: tmp_path)
    assert run(failing(ZeroDivisionError("oh")), []) == 1
    (report,) = tmp_path.glob("crash-*.log")
    said = capsys.readouterr().err
    assert str(report) in said
    assert "Traceback" not in said
    assert "ZeroDivisionError: oh" in report.read_text()
    assert report.stat().st_mode & 0o077 == 0


def test_an_unwritable_report_is_no_second_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setattr("vibebox_tui.paths.state_directory", lambda: blocked / "state")
    assert run(failing(ZeroDivisionError("oh")), []) == 1
    assert "no report" in capsys.readouterr().err


def test_ctrl_c_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(failing(KeyboardInterrupt()), []) == INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_has_gone_is_quiet(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibebox_tui.cli.failures.forget_output", lambda: None)
    assert run(failing(BrokenPipeError()), []) == BROKEN_PIPE
    assert capfd.readouterr().err == ""
