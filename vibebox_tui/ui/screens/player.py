"""The player: a recording in the middle, its time and the keys below."""

from time import monotonic
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from vibebox_tui.ui.glyphs import UNICODE, Glyphs
from vibebox_tui.ui.output import FrugalScreen
from vibebox_tui.ui.recordings import Playback
from vibebox_tui.ui.widgets.hints import HintLine
from vibebox_tui.ui.widgets.terminal_paint import harmless
from vibebox_tui.ui.widgets.terminal_view import TerminalView

LEAP = 5.0
"""Seconds that an arrow key goes."""

FRAME = 1 / 30
"""Seconds between two pictures at least: a burst needn't be seen line by line."""

TICK = 1.0
"""Seconds after which the time below moves on though nothing happens."""


class PlayerScreen(FrugalScreen[None]):
    """Plays a recording; `q` or `Esc` leaves it."""

    AUTO_FOCUS = "TerminalView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause, go on", id="player.pause"),
        Binding("q,escape", "leave", "Leave", id="player.leave"),
        Binding("left,h", "leap(-1)", "5 s back", id="player.back"),
        Binding("right,l", "leap(1)", "5 s on", id="player.on"),
        Binding("less_than_sign,minus", "speed(0.5)", "Slower", id="player.slower"),
        Binding("greater_than_sign,plus", "speed(2)", "Faster", id="player.faster"),
        Binding("full_stop", "step", "One step", id="player.step"),
        Binding("g,home", "seek(0)", "To the start", id="player.start"),
        Binding("G,end", "seek(1)", "To the end", id="player.end"),
    ]

    def __init__(self, playback: Playback, *, title: str, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self._playback = playback
        self._heading = harmless(playback.cast.title) or title
        self._glyphs = glyphs
        self._view = TerminalView(glyphs)
        self._line = Static(classes="player-line")
        self._timer: Timer | None = None
        self._looked_at = monotonic()

    def compose(self) -> ComposeResult:
        yield self._view
        yield self._line
        yield HintLine()

    def on_mount(self) -> None:
        self._looked_at = monotonic()
        self._play()

    # --- actions ---------------------------------------------------------------------------

    def action_pause(self) -> None:
        """Stop, or go on; at the end, start anew."""
        self._catch_up()
        if self._playback.is_over:
            self._playback.seek(0)
            self._playback.is_paused = False
        else:
            self._playback.is_paused = not self._playback.is_paused
        self._play()

    def action_leap(self, direction: int) -> None:
        """Go a few seconds back or on."""
        self._catch_up()
        self._playback.seek(self._playback.position + direction * LEAP)
        self._play()

    def action_speed(self, factor: float) -> None:
        """Play faster or slower."""
        self._catch_up()
        self._playback.faster(factor)
        self._play()

    def action_step(self) -> None:
        """Pause, and show the next thing that happened."""
        self._catch_up()
        self._playback.is_paused = True
        self._playback.step()
        self._play()

    def action_seek(self, part: float) -> None:
        """Go to a part of the whole, 0 to 1."""
        self._playback.seek(part * self._playback.duration)
        self._play()

    def action_leave(self) -> None:
        """End playing."""
        self.dismiss()

    # ---------------------------------------------------------------------------------------

    def _play(self) -> None:
        """Show what belongs to this moment, and come back when there is something new."""
        self._catch_up()
        self._show()
        if self._timer is not None:
            self._timer.stop()
        until = self._playback.until_next
        if until is not None:
            self._timer = self.set_timer(min(max(until, FRAME), TICK), self._play)

    def _catch_up(self) -> None:
        now = monotonic()
        self._playback.advance(now - self._looked_at)
        self._looked_at = now

    def _show(self) -> None:
        emulator = self._playback.emulator
        if self._view.emulator is not emulator:
            self._view.show(emulator)
        self._view.draw_changes()
        self._line.update(self._words())

    def _words(self) -> Content:
        playback = self._playback
        state = "paused" if playback.is_paused else "ended" if playback.is_over else "playing"
        return Content(
            f"{state:7}  {_clock(playback.position)} / {_clock(playback.duration)}"
            f"  {playback.speed:g}x  {self._bar()}  {self._heading}"
        )

    def _bar(self) -> str:
        width = 20
        done = round(width * self._playback.position / max(self._playback.duration, 1e-9))
        return self._glyphs.bars[-1] * done + self._glyphs.rule * (width - done)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
