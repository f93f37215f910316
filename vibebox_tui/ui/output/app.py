"""An app that writes only the cells that changed, and never more than one frame ahead."""

import asyncio
import math
import sys
from contextlib import nullcontext
from functools import partial
from time import monotonic
from typing import Any, ClassVar, Final, TypeVar, cast

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from textual import events
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.screen import Screen
from textual.widget import Widget

from vibebox_tui.ui.keys_first import KeysFirst
from vibebox_tui.ui.output.canvas import Canvas
from vibebox_tui.ui.output.clipboard import (
    LONGEST_FOR_TERMINAL,
    clipboard_programs,
    clipboard_sequence,
    set_by_programs,
)
from vibebox_tui.ui.output.compositor import FrugalScreen, Patch
from vibebox_tui.ui.output.driver import AcknowledgedDriver
from vibebox_tui.ui.output.pacing import QUESTION, Pacing

T = TypeVar("T")

SWITCH_INTERVAL = 0.001
"""Seconds after which a thread that waits for the interpreter gets it (Python's own: 0.005): a key
and an acknowledgement come through one thread, a frame leaves through another."""

ECHO: Final = 0.03
"""Seconds that other drawing waits for the echo of a key at most: two frames."""


class FrugalApp(App[T]):
    """Draws through a canvas: Textual's updates go into it, the differences come out of it.

    While the terminal is still busy with a frame, updates gather in the canvas; what is written
    then is the newest screen, not a backlog.
    """

    DRIVER: ClassVar[type[Driver]] = AcknowledgedDriver

    def __init__(self, **options: Any) -> None:
        options.setdefault("driver_class", self.DRIVER)
        super().__init__(**options)
        self._canvas = Canvas()
        self._pacing = Pacing()
        self.keys_first = KeysFirst()
        self._resumption: asyncio.TimerHandle | None = None
        self._echo_by = -math.inf

    def begin_with_theme(self, name: str) -> None:
        """Have this theme from the start, to be called before anything is drawn.

        To set `theme` is to parse every style sheet anew, whose parsing for Textual's own default
        was for nothing then.
        """
        self.set_reactive(FrugalApp.theme, name)
        is_dark = self.current_theme.dark
        for class_name, applies in {
            "-dark-mode": is_dark,
            "-light-mode": not is_dark,
            **{known: known == f"-theme-{name}" for known in self.classes if "-theme-" in known},
            f"-theme-{name}": True,
        }.items():
            self.set_class(applies, class_name, update=False)
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def await_echo(self) -> None:
        """An echo is on its way, which is to be drawn before anything else."""
        self._echo_by = monotonic() + ECHO

    def has_echoed(self) -> None:
        """Nothing has to wait for an echo any more."""
        self._echo_by = -math.inf

    @property
    def draws_later(self) -> bool:
        """Whether a key or its echo is on its way, which other drawing would only delay."""
        return self.awaits_echo or self.keys_first.is_under_way

    @property
    def awaits_echo(self) -> bool:
        """Whether an echo may come in a moment."""
        return monotonic() < self._echo_by

    def draw_everything(self) -> None:
        """Write every cell again, as after another program wrote to the terminal."""
        self._canvas.forget()
        self._write_frame()

    def copy_to_clipboard(self, text: str) -> None:
        """Copy `text` to the user's clipboard, and for pasting within the dashboard; say so where
        only that is possible."""
        self._clipboard = text
        sequence, programs = clipboard_sequence(text), clipboard_programs()
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)
        if programs:
            self.run_worker(
                partial(set_by_programs, programs, text),
                thread=True,
                group="clipboard",
                exit_on_error=False,
            )
        elif not sequence:
            self.notify(
                f"More than {LONGEST_FOR_TERMINAL:,} bytes: too long for the clipboard of your "
                "terminal, but it can be pasted within the dashboard",
                severity="warning",
                markup=False,
            )

    # --- Textual's side --------------------------------------------------------------------

    def get_default_screen(self) -> Screen[Any]:
        return FrugalScreen(id="_default")

    def on_resize(self, event: events.Resize) -> None:
        """The terminal's own idea of what it shows is gone; all of it is drawn again."""
        self._canvas.forget()

    def on_mount(self) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL)
        if isinstance(self._driver, AcknowledgedDriver):
            self._driver.acknowledged = self._acknowledged
            self._driver.key_came = self.keys_first.came
            self._driver.write(QUESTION)
        self.app_resume_signal.subscribe(self, lambda _: self._canvas.forget())

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if self.is_headless or not isinstance(renderable, Patch | LayoutUpdate | ChopsUpdate):
            super()._display(screen, renderable)
            return
        self._take(renderable)
        self._write_frame()

    # --- ours ------------------------------------------------------------------------------

    def _take(self, update: Patch | LayoutUpdate | ChopsUpdate) -> None:
        size = self.size
        if self._canvas.size != size:
            self._canvas.colors = self.console._color_system or ColorSystem.TRUECOLOR
            self._canvas.resize(*size)
        if isinstance(update, Patch):
            for x, y, strip in update.pieces:
                self._canvas.put(x, y, strip)
        elif isinstance(update, LayoutUpdate):
            for y, strips in enumerate(update.strips, update.region.y):
                self._canvas.put_strips(update.region.x, y, strips)
        else:
            _put_chops(self._canvas, update)

    def _write_frame(self) -> None:
        """Write the canvas's differences, now or when the terminal is ready for them."""
        loop = asyncio.get_running_loop()
        if wait := self._pacing.wait(loop.time()):
            if self._resumption is None:
                self._resumption = loop.call_later(wait, self._go_on)
            return
        if self._canvas.is_dirty:
            frame = _Frame(self._canvas, self._pacing, loop.time())
            driver = self._driver
            with driver.one_frame() if isinstance(driver, AcknowledgedDriver) else nullcontext():
                super()._display(self.screen, cast("RenderableType", frame))

    def _acknowledged(self) -> None:
        self._pacing.answered()
        self._go_on()

    def _go_on(self) -> None:
        if self._resumption is not None:
            self._resumption.cancel()
            self._resumption = None
            if self._running and self._canvas.is_dirty:
                self._write_frame()


class _Frame(CompositorUpdate):
    """What is written in place of Textual's update; asked for only when it is written."""

    def __init__(self, canvas: Canvas, pacing: Pacing, now: float) -> None:
        self._canvas = canvas
        self._pacing = pacing
        self._now = now

    def render_segments(self, console: Console) -> str:
        text = self._canvas.take_update()
        if not text:
            return ""
        self._pacing.sent(self._now)
        return text + QUESTION


def _put_chops(canvas: Canvas, update: ChopsUpdate) -> None:
    """Put the pieces of rows that an update is about; beyond its spans they aren't complete."""
    for y, start, end in update.spans:
        pieces = zip(update.chop_ends[y], update.chops[y].items(), strict=False)
        for piece_end, (x, strip) in pieces:
            if strip is not None and x < end and piece_end > start:
                canvas.put(x, y, strip)


def draw_now(widget: Widget, *others: Widget) -> None:
    """Draw what `widget` and others on its screen have marked for a refresh at once, no more.

    Textual draws at the next tick of a timer, up to a sixtieth of a second later, after two more
    messages, and with whatever else has changed; an echo of a key is not to wait for that.
    """
    screen = widget.screen
    if isinstance(widget.app, FrugalApp):
        widget.app.has_echoed()
    if isinstance(screen, FrugalScreen) and screen.is_current and not widget.app._batch_count:
        screen.draw_now(widget, *others)


def await_echo(widget: Widget) -> None:
    """A key has been sent whose echo `widget` will draw: what else changes is drawn after it."""
    if isinstance(widget.app, FrugalApp):
        widget.app.await_echo()
