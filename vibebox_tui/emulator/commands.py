"""Which sequence calls what: the tables that the parser looks up.

A CSI is named by its prefix (`<`, `=`, `>`, `?`), its intermediates and its final byte together,
so that no form is ever taken for another.
"""

CONTROLS: dict[str, str] = {
    "\x07": "bell",
    "\x08": "backspace",
    "\x09": "tab",
    "\x0a": "linefeed",
    "\x0b": "linefeed",
    "\x0c": "linefeed",
    "\x0d": "carriage_return",
    "\x0d\x0a": "new_line",
    "\x0e": "shift_out",
    "\x0f": "shift_in",
    "\x84": "index",
    "\x85": "next_line",
    "\x88": "set_tab_stop",
    "\x8d": "reverse_index",
    "\x96": "start_guarding",
    "\x97": "stop_guarding",
    "\x9a": "identify",
}
"""Control characters, C0 and C1; the others do nothing."""

CSI: dict[str, tuple[str, int]] = {
    "@": ("insert_characters", 1),
    "A": ("cursor_up", 1),
    "B": ("cursor_down", 1),
    "C": ("cursor_forward", 1),
    "D": ("cursor_back", 1),
    "E": ("cursor_down1", 1),
    "F": ("cursor_up1", 1),
    "G": ("cursor_to_column", 1),
    "H": ("cursor_position", 2),
    "I": ("forward_tab", 1),
    "J": ("erase_in_display", 1),
    "?J": ("erase_selectively_in_display", 1),
    "K": ("erase_in_line", 1),
    "?K": ("erase_selectively_in_line", 1),
    "L": ("insert_lines", 1),
    "M": ("delete_lines", 1),
    "P": ("delete_characters", 1),
    "S": ("scroll_display_up", 1),
    "T": ("scroll_display_down", 1),
    "X": ("erase_characters", 1),
    "Z": ("backward_tab", 1),
    "^": ("scroll_display_down", 1),
    "`": ("cursor_to_column", 1),
    "a": ("cursor_right_by", 1),
    "b": ("repeat", 1),
    "c": ("report_device_attributes", 1),
    ">c": ("report_secondary_attributes", 1),
    "=c": ("report_tertiary_attributes", 1),
    "d": ("cursor_to_line", 1),
    "e": ("cursor_down_by", 1),
    "f": ("cursor_position", 2),
    "g": ("clear_tab_stop", 1),
    "h": ("set_mode", 32),
    "?h": ("set_private_mode", 32),
    "l": ("reset_mode", 32),
    "?l": ("reset_private_mode", 32),
    "n": ("report_device_status", 1),
    "?n": ("report_private_status", 2),
    "$p": ("report_mode", 1),
    "?$p": ("report_private_mode", 1),
    "!p": ("soft_reset", 0),
    '"p': ("set_conformance_level", 2),
    " q": ("set_cursor_style", 1),
    '"q': ("select_protection", 1),
    ">q": ("report_version", 1),
    "r": ("set_margins", 2),
    "?r": ("restore_modes", 32),
    "$r": ("change_attributes", 32),
    "s": ("save_cursor_or_set_margins", 2),
    "?s": ("save_modes", 32),
    "t": ("report_window", 3),
    "$t": ("reverse_attributes", 32),
    "u": ("restore_cursor", 0),
    "$v": ("copy_rectangle", 8),
    "x": ("report_parameters", 1),
    "$x": ("fill_rectangle", 5),
    "*x": ("select_attribute_extent", 1),
    "*|": ("set_screen_height", 1),
    "*y": ("report_checksum", 6),
    "$z": ("erase_rectangle", 4),
    "${": ("erase_rectangle_selectively", 4),
    "'}": ("insert_columns", 1),
    "'~": ("delete_columns", 1),
}
"""Method, and how many parameters it takes at most. SGR is apart: its parameters have colons."""

ESCAPES: dict[str, str] = {
    "6": "back_index",
    "7": "save_cursor",
    "8": "restore_cursor",
    "9": "forward_index",
    "=": "set_application_keypad",
    ">": "set_numeric_keypad",
    "D": "index",
    "E": "next_line",
    "H": "set_tab_stop",
    "M": "reverse_index",
    "V": "start_guarding",
    "W": "stop_guarding",
    "Z": "identify",
    "c": "reset",
    " F": "send_seven_bit",
    " G": "send_eight_bit",
    "#8": "alignment_display",
}
"""Escape sequences by what follows the ESC."""

SHIFTS: dict[str, tuple[str, int]] = {
    "N": ("shift_once", 2),
    "O": ("shift_once", 3),
    "n": ("shift", 2),
    "o": ("shift", 3),
    "\x8e": ("shift_once", 2),
    "\x8f": ("shift_once", 3),
}
"""Shifts to one of G0 to G3, by what follows the ESC, or as C1."""

DESIGNATIONS: dict[str, int] = {"(": 0, ")": 1, "*": 2, "+": 3, "-": 1, ".": 2, "/": 3}
"""SCS: which of G0 to G3 is designated, by what follows the ESC."""

STRINGS: dict[str, dict[str, str]] = {
    "P": {"$q": "report_setting", "+q": "report_capability"},
}
"""Strings but OSC, by what follows their ESC and by how they go on: DECRQSS and XTGETTCAP."""
