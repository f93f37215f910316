"""Setting, resetting, saving and asking for modes, and the resets that undo them all."""

from collections.abc import Callable

from .line import Line
from .modes import MODE_NAMES, CursorShape, MouseEncoding, MouseTracking
from .rectangles import Rectangles
from .style import PLAIN

_NARROW_PAGE, _WIDE_PAGE = 80, 132
"""DECCOLM's two widths, in columns."""


class Switches(Rectangles):
    """A screen with modes."""

    def __init__(
        self, columns: int, lines: int, scrollback_lines: int, resizable: bool = False
    ) -> None:
        self.resizable = resizable
        self.saved_modes: dict[str, bool] = {}
        """By XTSAVE."""
        super().__init__(columns, lines, scrollback_lines)

    def set_mode(self, *modes: int, private: bool = False, **_: object) -> None:
        """SM, DECSET."""
        for number in modes:
            self.switch(f"?{number}" if private else str(number), True)

    def reset_mode(self, *modes: int, private: bool = False, **_: object) -> None:
        """RM, DECRST."""
        for number in modes:
            self.switch(f"?{number}" if private else str(number), False)

    def set_private_mode(self, *modes: int) -> None:
        """DECSET."""
        self.set_mode(*modes, private=True)

    def reset_private_mode(self, *modes: int) -> None:
        """DECRST."""
        self.reset_mode(*modes, private=True)

    def save_cursor_or_set_margins(self, left: int = 0, right: int = 0) -> None:
        """CSI s: DECSLRM where left and right margins are on, SCOSC otherwise."""
        if self.modes.left_right_margins:
            self.set_left_right_margins(left, right)
        elif not left and not right:
            self.save_cursor()

    def save_modes(self, *modes: int) -> None:
        """XTSAVE."""
        for number in modes:
            value = self.mode_value(f"?{number}")
            if value is not None:
                self.saved_modes[f"?{number}"] = value

    def restore_modes(self, *modes: int) -> None:
        """XTRESTORE."""
        for number in modes:
            value = self.saved_modes.get(f"?{number}")
            if value is not None:
                self.switch(f"?{number}", value)

    def mode_value(self, mode: str) -> bool | None:
        """Whether a mode is set; None where there is no such mode."""
        modes = self.modes
        if name := MODE_NAMES.get(mode):
            return bool(getattr(modes, name))
        if mode in _ALTERNATE_SCREEN_MODES:
            return modes.alternate_screen
        if mode in _MOUSE_TRACKING:
            return modes.mouse == _MOUSE_TRACKING[mode]
        if mode in _MOUSE_ENCODINGS:
            return modes.mouse_encoding == _MOUSE_ENCODINGS[mode]
        return None

    def switch(self, mode: str, value: bool) -> None:
        """Set or reset one mode, and what comes with it."""
        if mode == "?3" and not self.modes.allow_132_columns:
            return
        if mode == "?69" and self.conformance_level < 4:
            return
        if name := MODE_NAMES.get(mode):
            setattr(self.modes, name, value)
        if effect := _EFFECTS.get(mode):
            effect(self, value)
        elif mode in _MOUSE_TRACKING:
            self.modes.mouse = _MOUSE_TRACKING[mode] if value else MouseTracking.NONE
        elif mode in _MOUSE_ENCODINGS:
            self.modes.mouse_encoding = _MOUSE_ENCODINGS[mode] if value else MouseEncoding.DEFAULT

    def set_cursor_style(self, style: int = 0) -> None:
        """DECSCUSR: odd ones blink."""
        if style <= 6:
            self.modes.cursor_shape = _SHAPES[(max(style, 1) - 1) // 2]
            self.modes.cursor_blinking = style == 0 or style % 2 == 1

    def set_application_keypad(self) -> None:
        """DECKPAM."""
        self.modes.application_keypad = True

    def set_numeric_keypad(self) -> None:
        """DECKPNM."""
        self.modes.application_keypad = False

    def set_conformance_level(self, level: int = 0, controls: int = 0) -> None:
        """DECSCL: a level of the VT family (61 to 65), and whether replies use C1 bytes."""
        if 61 <= level <= 65:
            self.reset()
            self.conformance_level = level - 60
            self.modes.eight_bit_controls = level > 61 and controls != 1

    def send_seven_bit(self) -> None:
        """S7C1T."""
        self.modes.eight_bit_controls = False

    def send_eight_bit(self) -> None:
        """S8C1T."""
        self.modes.eight_bit_controls = self.conformance_level >= 2

    def reset(self) -> None:
        """RIS: everything as at the start, but for the scrollback."""
        columns_132 = self.resizable and self.columns == _WIDE_PAGE and self.modes.columns_132
        allowed = self.modes.allow_132_columns
        self.modes.__init__()  # type: ignore[misc]
        self.modes.allow_132_columns = allowed
        if columns_132:
            self.columns = _NARROW_PAGE
        self.conformance_level = 5
        self.reset_grid()
        self.reset_drawing()
        self.reset_motion()
        self.reset_rectangles()

    def soft_reset(self) -> None:
        """DECSTR: modes, margins, pen and saved cursor, but neither text nor cursor."""
        modes = self.modes
        modes.cursor_visible = modes.autowrap = True
        modes.origin = modes.insert = modes.keyboard_locked = False
        modes.application_cursor = modes.application_keypad = modes.national_characters = False
        modes.reverse_wrap = modes.extended_reverse_wrap = modes.left_right_margins = False
        tabstops = self.tabstops
        self.reset_drawing()
        self.tabstops = tabstops
        self.reset_margins()
        self.style = PLAIN
        self.reset_motion()
        self.reset_rectangles()

    def show_screen(self, alternate: bool) -> None:
        """Make one of the two buffers the one that is seen and written to."""
        if self.modes.alternate_screen != alternate:
            self.modes.alternate_screen = alternate
            self.rows = self.alternate if alternate else self.primary
            self.everything_changed = True
            self.margins_changed()

    def clear_screen(self) -> None:
        """Blank all rows, the pen's background staying."""
        style = self.style.erased
        self.rows[:] = [Line.blank(self.columns, style) for _ in range(self.lines)]

    def change_page_width(self, wide: bool) -> None:
        """DECCOLM: 132 or 80 columns where the size is ours to change, and a blank page."""
        if self.resizable:
            self.resize(self.lines, _WIDE_PAGE if wide else _NARROW_PAGE)
        if not (self.modes.keep_screen_at_132 and self.conformance_level >= 5):
            self.clear_screen()
        self.modes.left_right_margins = False
        self.reset_margins()
        self.modes.origin, origin = False, self.modes.origin
        self.cursor_position()
        self.modes.origin = origin


def _show_alternate(screen: Switches, value: bool) -> None:
    screen.show_screen(value)


def _show_cleared_alternate(screen: Switches, value: bool) -> None:
    if not value and screen.modes.alternate_screen:
        screen.clear_screen()
    screen.show_screen(value)


def _save_or_restore_cursor(screen: Switches, value: bool) -> None:
    if value:
        screen.save_cursor()
    else:
        screen.restore_cursor()


def _show_alternate_with_cursor(screen: Switches, value: bool) -> None:
    if value:
        if not screen.modes.alternate_screen:
            screen.save_cursor()
        screen.show_screen(True)
        screen.clear_screen()
    else:
        screen.show_screen(False)
        screen.restore_cursor()


def _home(screen: Switches, value: bool) -> None:
    screen.cursor_position()


def _redraw(screen: Switches, value: bool) -> None:
    screen.everything_changed = True


def _allow_margins(screen: Switches, value: bool) -> None:
    if not value:
        screen.left, screen.right = 0, screen.columns - 1
    screen.margins_changed()


def _drawing_changed(screen: Switches, value: bool) -> None:
    screen.drawing_changed()


_EFFECTS: dict[str, Callable[[Switches, bool], None]] = {
    "4": _drawing_changed,
    "?3": Switches.change_page_width,
    "?5": _redraw,
    "?6": _home,
    "?47": _show_alternate,
    "?69": _allow_margins,
    "?1047": _show_cleared_alternate,
    "?1048": _save_or_restore_cursor,
    "?1049": _show_alternate_with_cursor,
}
"""What setting or resetting a mode does beyond remembering it."""

_ALTERNATE_SCREEN_MODES = ("?47", "?1047", "?1049")

_MOUSE_TRACKING = {f"?{kind.value}": kind for kind in MouseTracking if kind}

_MOUSE_ENCODINGS = {f"?{kind.value}": kind for kind in MouseEncoding if kind}

_SHAPES = (CursorShape.BLOCK, CursorShape.UNDERLINE, CursorShape.BAR)
