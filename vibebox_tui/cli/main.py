"""`vibebox`: the group of all commands; without one, the dashboard."""

import gc
from typing import Final, NoReturn

import click

from vibebox_tui import __version__
from vibebox_tui.cli.failures import run
from vibebox_tui.cli.group import LazyCommand, LazyGroup
from vibebox_tui.cli.server_choice import ServerOptions, choose_all, server_options
from vibebox_tui.cli.terminal import require_terminal

_COMMANDS = {
    "demo": LazyCommand(
        "vibebox_tui.cli.demo:demo", "Try it: a dashboard on three sample environments."
    ),
    "demo-server": LazyCommand("vibebox_tui.cli.demo_server:demo_server"),
    "serve": LazyCommand(
        "vibebox_tui.cli.serve:serve",
        "Run a server, on a port or a Unix socket, until told to end.",
    ),
    "user": LazyCommand(
        "vibebox_tui.cli.serve:user", "Add, list, change and delete a server's users."
    ),
    "token": LazyCommand(
        "vibebox_tui.cli.serve:token", "Print an access token for a user of a server."
    ),
    "backup": LazyCommand(
        "vibebox_tui.cli.backup:backup", "Write a server's data to a file, while it runs."
    ),
    "restore": LazyCommand("vibebox_tui.cli.backup:restore", "Put a server's data back."),
    "login": LazyCommand(
        "vibebox_tui.cli.login:login", "Log in to a server, once for all dashboards."
    ),
    "logout": LazyCommand("vibebox_tui.cli.login:logout", "Give a login up."),
    "logs": LazyCommand(
        "vibebox_tui.cli.logs:logs", "Print the logs of environments, filtered, merged by time."
    ),
    "shell": LazyCommand(
        "vibebox_tui.cli.shell:shell", "Attach this terminal to a session of an environment."
    ),
    "play": LazyCommand("vibebox_tui.cli.play:play", "Play a recorded terminal."),
    "server": LazyCommand(
        "vibebox_tui.cli.server:server", "Your own server: whether it runs, start it, stop it."
    ),
    "stdio": LazyCommand(
        "vibebox_tui.cli.stdio:stdio", "Your own server on standard input and output, for SSH."
    ),
    "config": LazyCommand(
        "vibebox_tui.cli.config:config", "Where the configuration is, and whether it is right."
    ),
    "completion": LazyCommand(
        "vibebox_tui.cli.completion:completion", "Print what completes commands in your shell."
    ),
}


@click.group(
    cls=LazyGroup,
    commands=_COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@server_options
@click.version_option(__version__, "-V", "--version", message="vibebox %(version)s")
@click.pass_context
def vibebox(context: click.Context, server: ServerOptions) -> int:
    """Watch and drive many development environments from one terminal window.

    Without a command it opens the dashboard: on the server that --url, or the servers that
    --context or the configuration name, else on your own, which is started where it isn't running.
    """
    if context.invoked_subcommand is not None:
        return 0
    require_terminal()
    choices = choose_all(server)
    from vibebox_tui.cli.dashboard import show

    return show(choices)


COLLECT_AFTER: Final = 50_000
"""New objects after which Python looks for unreachable ones; by default it does so 70 times as
often, and finds nothing, while libraries load and the first picture is made: a tenth of both."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run `vibebox` with `arguments` (else those of the process) and exit with its status."""
    gc.set_threshold(COLLECT_AFTER)
    raise SystemExit(run(vibebox, arguments))
