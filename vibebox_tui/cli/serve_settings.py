"""Options of `vibebox serve` from a file and from the environment, and what came of all of them."""

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from vibebox_tui.server.settings import Secret, ServerSettings

PREFIX: Final = "VIBEBOX_SERVE"
"""Every option has a variable: `--base-path` is VIBEBOX_SERVE_BASE_PATH."""


def read_file(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Take defaults from a TOML file; flags and variables win over it.

    Raises UsageError: the file can't be read, or has an option that there isn't.
    """
    if path is None:
        return
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.UsageError(f"the configuration {path} can't be read: {error}") from error
    known = _names(context.command)
    for name in given:
        if name not in known:
            raise click.UsageError(f"{path}: there is no option {name!r}")
    context.default_map = {known[name]: value for name, value in given.items()}


def render(settings: ServerSettings) -> str:
    """The settings as JSON, with limits and defaults, without the secret."""
    return json.dumps(_plain(settings), indent=2, default=str)


def _names(command: click.Command) -> dict[str, str]:
    """The options by their names on the command line, without the dashes."""
    return {
        name.removeprefix("--"): parameter.name
        for parameter in command.params
        for name in parameter.opts
        if parameter.name is not None and name.startswith("--")
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return "(set, not shown)"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    return value
