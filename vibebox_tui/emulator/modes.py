"""What the remote side has switched on: terminal modes, by name and by number."""

from enum import IntEnum, StrEnum


class CursorShape(StrEnum):
    """DECSCUSR's three shapes."""

    BLOCK = "block"
    UNDERLINE = "underline"
    BAR = "bar"


class MouseTracking(IntEnum):
    """Which mouse events the remote side asked for; the value is the mode's number."""

    NONE = 0
    X10 = 9
    """Presses only, without modifiers."""
    CLICKS = 1000
    DRAGS = 1002
    MOTION = 1003


class MouseEncoding(IntEnum):
    """How mouse events are written; the value is the mode's number, 0 the default bytes."""

    DEFAULT = 0
    UTF8 = 1005
    SGR = 1006
    URXVT = 1015


class Modes:
    """The modes in force. The screen writes them; everybody else only reads."""

    def __init__(self) -> None:
        self.application_cursor = False
        """DECCKM: cursor keys send SS3."""
        self.application_keypad = False
        """DECKPAM, DECNKM."""
        self.backarrow_sends_backspace = False
        """DECBKM: the backspace key sends BS, not DEL."""
        self.newline = False
        """LNM: the enter key sends CR LF, and a line feed returns the carriage."""
        self.bracketed_paste = False
        self.focus_reports = False
        self.mouse = MouseTracking.NONE
        self.mouse_encoding = MouseEncoding.DEFAULT
        self.alternate_scroll = True
        """On the alternate screen the wheel sends cursor keys: xterm has to be told so, but most
        terminals do it, and programs rely on that."""
        self.alternate_screen = False
        self.synchronized_output = False
        """A frame is being written; draw when it ends."""
        self.reverse_video = False
        """DECSCNM: the screen's default colours are exchanged."""
        self.cursor_visible = True
        self.cursor_blinking = True
        self.cursor_shape = CursorShape.BLOCK
        self.autowrap = True
        self.reverse_wrap = False
        self.extended_reverse_wrap = False
        self.origin = False
        self.insert = False
        self.left_right_margins = False
        self.allow_132_columns = False
        self.columns_132 = False
        self.keep_screen_at_132 = False
        """DECNCSM: changing between 80 and 132 columns clears nothing."""
        self.grapheme_clusters = True
        self.national_characters = False
        self.more_fix = False
        self.keyboard_locked = False
        self.smooth_scroll = False
        self.auto_repeat = True
        self.send_receive = True
        self.meta_sends_escape = True
        self.print_form_feed = False
        self.print_extent = False
        self.hebrew_keyboard = False
        self.eight_bit_controls = False
        """S8C1T: replies begin with C1 bytes, and raw C1 bytes are controls."""


MODE_NAMES: dict[str, str] = {
    "2": "keyboard_locked",
    "4": "insert",
    "12": "send_receive",
    "20": "newline",
    "?1": "application_cursor",
    "?3": "columns_132",
    "?4": "smooth_scroll",
    "?5": "reverse_video",
    "?6": "origin",
    "?7": "autowrap",
    "?8": "auto_repeat",
    "?12": "cursor_blinking",
    "?18": "print_form_feed",
    "?19": "print_extent",
    "?25": "cursor_visible",
    "?35": "hebrew_keyboard",
    "?40": "allow_132_columns",
    "?41": "more_fix",
    "?42": "national_characters",
    "?45": "reverse_wrap",
    "?66": "application_keypad",
    "?67": "backarrow_sends_backspace",
    "?69": "left_right_margins",
    "?95": "keep_screen_at_132",
    "?1004": "focus_reports",
    "?1007": "alternate_scroll",
    "?1036": "meta_sends_escape",
    "?1045": "extended_reverse_wrap",
    "?2004": "bracketed_paste",
    "?2026": "synchronized_output",
    "?2027": "grapheme_clusters",
}
"""The modes that are a switch: number as SM, RM and DECRQM have it, `?` before DEC's."""
