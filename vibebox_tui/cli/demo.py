"""`vibebox demo`: a dashboard on a throw-away server with three sample environments."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from vibebox_tui.cli.server_choice import ServerChoice, ServerOptions
from vibebox_tui.cli.server_process import ServerProcess
from vibebox_tui.cli.terminal import require_terminal


@click.command()
@click.option("--check", is_flag=True, help="Draw nothing: see that every pane shows live data.")
@click.option("--docker", is_flag=True, help="Show the containers that run here as well.")
@click.pass_obj
def demo(options: ServerOptions, check: bool, docker: bool) -> int:
    """Try it: a dashboard on three sample environments that really run.

    They run on a server of their own in a temporary directory, and end with the dashboard;
    nothing outside of that directory is touched. With --check the dashboard runs without a
    terminal, what it showed is printed as JSON, and the exit status is 0 if all panes were live.
    With --docker the containers of this machine are there too, to be watched only.
    """
    if not check:
        require_terminal()
    with demo_server(options, docker=docker) as choice:
        if check:
            return _check(choice)
        from vibebox_tui.cli.dashboard import show

        return show([choice])


@contextmanager
def demo_server(options: ServerOptions, *, docker: bool = False) -> Iterator[ServerChoice]:
    """A server with the samples in a temporary directory; it may still be starting.

    It ends with this block, or with this process, and what it runs with it.
    """
    with tempfile.TemporaryDirectory(prefix="vibebox-demo-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        process = ServerProcess(
            ["demo-server", str(directory), *(["--docker"] if docker else [])],
            directory / "server.sock",
            directory / "server.log",
            ready=directory / "ready",
            leash=True,
        )
        try:
            yield _choice(process, options)
        finally:
            process.stop()


def _choice(process: ServerProcess, options: ServerOptions) -> ServerChoice:
    from vibebox_tui.config import Context, load

    config = load(options.config_file)
    return ServerChoice("demo", Context(url=f"unix:{process.path}"), config, process)


def _check(choice: ServerChoice) -> int:
    from vibebox_tui.cli.check import check_dashboard

    report = check_dashboard(choice)
    click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    return 0 if report.complete else 1
