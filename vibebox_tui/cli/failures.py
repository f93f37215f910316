"""Failures as a user meets them: a sentence on standard error and an exit status, no traceback."""

import os
import sys
import time
import traceback
from pathlib import Path
from typing import Final

import click

from vibebox_tui import paths
from vibebox_tui.errors import VibeBoxError

INTERRUPTED = 130
"""Exit status after Ctrl+C: 128 and the number of SIGINT, as shells have it."""

BROKEN_PIPE = 141
"""Exit status when the reader of our output has gone: 128 and the number of SIGPIPE."""

_ASKS_FOR_HELP: Final[tuple[type[click.UsageError], ...]] = tuple(
    kind for kind in (getattr(click.exceptions, "NoArgsIsHelpError", None),) if kind is not None
)
"""How click says that a group was called alone, which is answered by its help; before click 8.2
that wasn't an error."""


def run(command: click.Command, arguments: list[str] | None = None) -> int:
    """Run `command` and return the exit status: 0, 2 for wrong usage, 1 for all other failures.

    What nobody foresaw leaves a report in the state directory, and a sentence that names it.
    """
    try:
        result = command.main(arguments, prog_name="vibebox", standalone_mode=False)
    except click.UsageError as error:
        return _say_usage(error)
    except click.ClickException as error:
        return _say(_one_line(error.format_message()), error.exit_code)
    except VibeBoxError as error:
        return _say(str(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        forget_output()
        return BROKEN_PIPE
    except OSError as error:
        return _say(_sentence(error), 1)
    except Exception as error:
        return _say(_unforeseen(error), 1)
    return result if isinstance(result, int) else 0


def _say(message: str, status: int) -> int:
    click.echo(f"vibebox: {message}", err=True)
    return status


def _say_usage(error: click.UsageError) -> int:
    """Say what is wrong with the command line, and what was meant or where that can be read."""
    if isinstance(error, _ASKS_FOR_HELP):
        error.show()
        return error.exit_code
    meant = getattr(error, "possibilities", None)
    if meant:
        return _say(f"{_one_line(error.message)}; did you mean {meant[0]!r}?", error.exit_code)
    said = _one_line(error.format_message())
    if error.ctx is not None:
        said += f"; see {error.ctx.command_path} --help"
    return _say(said, error.exit_code)


def _one_line(message: str) -> str:
    """A message of click's as the rest of a sentence of ours."""
    words = " ".join(message.split()).rstrip(".")
    return words[:1].lower() + words[1:]


def _sentence(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def forget_output() -> None:
    """Keep the interpreter from flushing, and failing, once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unforeseen(error: Exception) -> str:
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    try:
        return f"something unforeseen failed ({what}); the report is in {_write_report(error)}"
    except OSError as failure:
        return f"something unforeseen failed ({what}); no report: {_sentence(failure)}"


def _write_report(error: Exception) -> Path:
    directory = paths.private_directory(paths.state_directory())
    report = directory / time.strftime(f"crash-%Y%m%d-%H%M%S-{os.getpid()}.log")
    report.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    report.chmod(0o600)
    return report
