"""A command group that imports a command when it is run, not when it is listed."""

import difflib
import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click


class LazyCommand(NamedTuple):
    """Where a command is, as `module:attribute`, and what `--help` says of it; "": it is hidden."""

    where: str
    summary: str = ""


class NoSuchCommandError(click.UsageError):
    """There is no such command; `possibilities` are those that may have been meant."""

    def __init__(self, name: str, known: list[str], context: click.Context) -> None:
        super().__init__(f"no such command {name!r}", context)
        self.possibilities = difflib.get_close_matches(name, known)


class LazyGroup(click.Group):
    """A group of commands of which each is imported at its first use."""

    def __init__(self, *args: Any, commands: Mapping[str, LazyCommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The name of every command that isn't hidden, in the order of the table."""
        return [name for name, lazy in self._lazy.items() if lazy.summary]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command called `cmd_name`; None: there is none."""
        if (lazy := self._lazy.get(cmd_name)) is None:
            return None
        module, _, attribute = lazy.where.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{lazy.where} is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` begin with; click looks for similar ones among those that
        are imported."""
        name = args[0]
        if not ctx.resilient_parsing and name not in self._lazy and not name.startswith("-"):
            raise NoSuchCommandError(name, self.list_commands(ctx), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands, importing none."""
        with formatter.section("Commands"):
            names = self.list_commands(ctx)
            formatter.write_dl([(name, self._lazy[name].summary) for name in names])
