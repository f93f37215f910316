"""`vibebox play`: a recorded terminal, with pause, speed and seek."""

from pathlib import Path

import click

from vibebox_tui.cli.terminal import require_terminal


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--speed", type=click.FloatRange(0.25, 16), default=1.0, help="Play so much faster.")
@click.option(
    "--idle-limit",
    type=click.FloatRange(min=0.01),
    metavar="SECONDS",
    help="Cut longer pauses down to so much.",
)
def play(recording: Path, speed: float, idle_limit: float | None) -> int:
    """Play a recorded terminal.

    RECORDING is an asciicast of version 2, as the dashboard and asciinema write them. Space
    pauses, the arrow keys go back and on, < and > change the speed, q leaves.
    """
    require_terminal()
    from vibebox_tui.ui.player import PlayerApp
    from vibebox_tui.ui.recordings import Playback, read_cast

    playback = Playback(read_cast(recording), idle_limit=idle_limit)
    playback.speed = speed
    app = PlayerApp(playback, title=recording.name)
    app.run()
    return app.return_code or 0
