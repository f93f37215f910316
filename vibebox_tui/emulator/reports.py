"""What the terminal answers when asked: identity, state, modes, sizes, checksums.

Nothing answered contains what the remote side has sent: a title could be a command line.
Source: xterm's ctlseqs and DEC STD 070.
"""

from collections.abc import Callable

from .modes import CursorShape
from .sgr import sgr_parameters
from .style import Attributes
from .switches import Switches

_MOST_REPLIES = 65_536
"""Bytes kept for somebody to take; what comes then is not answered, so that nobody who doesn't
ask for replies collects them."""

_DA1 = {
    1: "1;2",
    2: "62;1;2;6;9;15;22;29",
    3: "63;1;2;6;9;15;22;29",
    4: "64;1;2;6;9;15;16;17;18;21;22;28;29",
    5: "65;1;2;6;9;15;16;17;18;21;22;28;29",
}
"""By conformance level, what xterm says it can."""

_VT525_MODEL = 64
_XTERM_PATCH = 390
"""The version of xterm whose behaviour this is."""

_CELL_HEIGHT, _CELL_WIDTH = 16, 8
"""Pixels that a cell is said to have."""

_NEVER_SET = frozenset(
    ("1", "3", "5", "7", "10", "11", "13", "14", "15", "16", "17", "18", "19", "?60", "?64", "?68")
)
_NEVER_SET |= {"?81", "?73", "?35", "?36", "?34", "?57", "?96", "?97", "?98", "?99"}
"""Modes that DECRQM says are permanently reset: the standards have them, no xterm does."""


class Reports(Switches):
    """A screen that can be asked."""

    def reset_reports(self) -> None:
        self.replies: list[str] = []
        self._replied = 0

    def take_replies(self) -> bytes:
        """The answers since this was last asked."""
        if not self.replies:
            return b""
        taken = "".join(self.replies)
        self.replies.clear()
        self._replied = 0
        return taken.encode("latin-1", "replace")

    def reply_csi(self, body: str) -> None:
        self._reply("\x9b" + body if self.modes.eight_bit_controls else "\x1b[" + body)

    def reply_dcs(self, body: str) -> None:
        eight = self.modes.eight_bit_controls
        self._reply(f"\x90{body}\x9c" if eight else f"\x1bP{body}\x1b\\")

    def reply_osc(self, body: str, *, by_bell: bool = False) -> None:
        """An OSC, ended by BEL or ST."""
        eight = self.modes.eight_bit_controls
        end = "\x07" if by_bell else "\x9c" if eight else "\x1b\\"
        self._reply(f"\x9d{body}{end}" if eight else f"\x1b]{body}{end}")

    def report_device_attributes(self, mode: int = 0, **_: object) -> None:
        """DA1."""
        if mode == 0:
            self.reply_csi(f"?{_DA1[self.conformance_level]}c")

    def report_secondary_attributes(self, mode: int = 0) -> None:
        """DA2."""
        if mode == 0:
            self.reply_csi(f">{_VT525_MODEL};{_XTERM_PATCH};0c")

    def report_tertiary_attributes(self, mode: int = 0) -> None:
        """DA3: the unit's number, none."""
        if mode == 0:
            self.reply_dcs("!|00000000")

    def identify(self) -> None:
        """DECID."""
        self.report_device_attributes()

    def report_version(self, mode: int = 0) -> None:
        """XTVERSION."""
        if mode == 0:
            self.reply_dcs(f">|XTerm({_XTERM_PATCH})")

    def report_device_status(self, mode: int = 0, **_: object) -> None:
        """DSR."""
        if mode == 5:
            self.reply_csi("0n")
        elif mode == 6:
            self.reply_csi(f"{self._row_number()};{self._column_number()}R")

    def report_private_status(self, mode: int = 0, number: int = 0) -> None:
        """DECDSR."""
        if mode == 6:
            page = ";1" if self.conformance_level >= 4 else ""
            self.reply_csi(f"?{self._row_number()};{self._column_number()}{page}R")
        elif mode == 63:
            self.reply_dcs(f"{number}!~0000")
        elif mode in _PRIVATE_STATUS:
            self.reply_csi(_PRIVATE_STATUS[mode])

    def report_mode(self, mode: int = 0) -> None:
        """DECRQM for an ANSI mode."""
        if self.conformance_level >= 3:
            self.reply_csi(f"{mode};{self._mode_state(str(mode))}$y")

    def report_private_mode(self, mode: int = 0) -> None:
        """DECRQM for a DEC mode."""
        if self.conformance_level >= 3:
            self.reply_csi(f"?{mode};{self._mode_state(f'?{mode}')}$y")

    def report_setting(self, request: str) -> None:
        """DECRQSS: the sequence that would make a setting what it is."""
        setting = _SETTINGS.get(request)
        self.reply_dcs(f"1$r{setting(self)}{request}" if setting else "0$r")

    def report_capability(self, request: str) -> None:
        """XTGETTCAP: the number of colours and the terminal's name, nothing else."""
        value = _CAPABILITIES.get(request.upper())
        self.reply_dcs(f"1+r{request.upper()}={value}" if value else "0+r")

    def report_parameters(self, mode: int = 0) -> None:
        """DECREQTPARM: 8 bits, no parity, 38400 baud both ways."""
        if mode <= 1:
            self.reply_csi(f"{mode + 2};1;1;128;128;1;0x")

    def report_checksum(self, identity: int = 0, page: int = 0, *corners: int) -> None:
        """DECRQCRA: the negated sum of a rectangle's characters."""
        top, left, end_row, end_column = self._area(corners)
        total = 0
        for line in self.rows[top:end_row]:
            cells = line.open(self.columns)
            total += sum(map(ord, "".join(cells[left:end_column])))
        self.reply_dcs(f"{identity}!~{-total & 0xFFFF:04X}")

    def report_window(self, operation: int = 0, *numbers: int) -> None:
        """XTWINOPS: sizes are told; whatever moves or changes a window is not ours to do."""
        height, width = self.lines, self.columns
        answers = {
            11: "1t",
            13: "3;0;0t",
            14: f"4;{height * _CELL_HEIGHT};{width * _CELL_WIDTH}t",
            15: f"5;{height * _CELL_HEIGHT};{width * _CELL_WIDTH}t",
            16: f"6;{_CELL_HEIGHT};{_CELL_WIDTH}t",
            18: f"8;{height};{width}t",
            19: f"9;{height};{width}t",
        }
        if operation in answers:
            self.reply_csi(answers[operation])
        elif operation == 8 and self.resizable:
            lines, columns = [*numbers, 0, 0][:2]
            self.resize(min(lines, 500) or height, min(columns, 500) or width)
        elif operation >= 24 and self.resizable:
            self.resize(min(operation, 500), width)

    def set_screen_height(self, lines: int = 0) -> None:
        """DECSNLS, where the size is the remote side's to change."""
        if self.resizable and lines:
            self.resize(min(lines, 500), self.columns)

    def report_termios_title(self, operation: int) -> None:
        """XTWINOPS 20 and 21: the empty title, whatever the title is."""
        self.reply_osc("L" if operation == 20 else "l")

    def _reply(self, data: str) -> None:
        self._replied += len(data)
        if self._replied <= _MOST_REPLIES:
            self.replies.append(data)

    def _mode_state(self, mode: str) -> int:
        """DECRPM's answer: 0 unknown, 1 set, 2 reset, 4 permanently reset."""
        value = self.mode_value(mode)
        if value is None:
            return 4 if mode in _NEVER_SET else 0
        return 1 if value else 2


def _cursor_style(screen: Reports) -> str:
    shape = list(CursorShape).index(screen.modes.cursor_shape)
    return str(2 * shape + (1 if screen.modes.cursor_blinking else 2))


def _conformance(screen: Reports) -> str:
    return f"6{screen.conformance_level};{0 if screen.modes.eight_bit_controls else 1}"


_SETTINGS: dict[str, Callable[[Reports], str]] = {
    "m": lambda screen: sgr_parameters(screen.style),
    "r": lambda screen: f"{screen.top + 1};{screen.bottom + 1}",
    "s": lambda screen: f"{screen.left + 1};{screen.right + 1}",
    "t": lambda screen: str(max(screen.lines, 24)),
    "*|": lambda screen: str(screen.lines),
    "$|": lambda screen: str(screen.columns),
    " q": _cursor_style,
    '"q': lambda screen: str(int(bool(screen.style.attributes & Attributes.PROTECTED))),
    '"p': _conformance,
    "*x": lambda screen: str(screen.attribute_extent),
    "$}": lambda screen: "0",
    "$~": lambda screen: "0",
}
"""What DECRQSS can ask for, by intermediates and final byte: the parameters in force."""

_PRIVATE_STATUS = {
    15: "?13n",
    25: "?20n",
    26: "?27;1;0;0n",
    53: "?53n",
    55: "?53n",
    56: "?57;1n",
    62: "0*{",
    75: "?70n",
    85: "?83n",
}
"""No printer, keys unlocked, a North American keyboard, a mouse, no macros, no errors, no
sessions."""

_CAPABILITIES = {
    "436F": b"256".hex().upper(),
    "544E": b"xterm-256color".hex().upper(),
    "636F6C6F7273": b"256".hex().upper(),
}
"""Terminfo's Co, TN and colors, in hexadecimal as XTGETTCAP has them."""
