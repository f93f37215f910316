"""What makes two terminals equal."""

from vibebox_tui.emulator import Emulator, Style


def state(emulator: Emulator) -> object:
    """What one sees of a terminal, its scrollback with it."""
    rows = range(-emulator.scrollback_length, emulator.rows)
    return (
        emulator.display,
        emulator.cursor,
        emulator.title,
        emulator.marks(0),
        [_visible(emulator.runs(row)) for row in rows],
    )


def everything(emulator: Emulator) -> object:
    """The same with what will only be seen later: modes, marks, wraps, surroundings."""
    rows = range(-emulator.scrollback_length, emulator.rows)
    screen = emulator.screen
    return (
        state(emulator),
        vars(emulator.modes).copy(),
        [(emulator.is_wrapped(row), emulator.marks(row)) for row in rows],
        [emulator.exit_status(row) for row in rows],
        (emulator.title, emulator.icon_name, screen.title_stack, emulator.directory),
        vars(emulator.palette),
        (screen.saved, screen.saved_modes, screen.tabstops, screen.last_drawn[-1:]),
        (screen.style, screen.designated, screen.shifted, screen.single_shift),
        (screen.left, screen.top, screen.right, screen.bottom, screen.cursor.pending),
        (screen.conformance_level, screen.attribute_extent, emulator.unfinished),
        [_visible(line.collected_runs()) for line in (*screen.primary, *screen.alternate)],
    )


def _visible(runs: "object") -> list[tuple[str, Style]]:
    """Runs as they look: neighbours of one style joined, plain blanks at the end left off."""
    joined: list[tuple[str, Style]] = []
    for text, style in runs:  # type: ignore[attr-defined]
        if joined and joined[-1][1] is style:
            joined[-1] = joined[-1][0] + text, style
        else:
            joined.append((text, style))
    if joined and joined[-1][1] is Style.of():
        joined[-1] = joined[-1][0].rstrip(" "), Style.of()
    return [run for run in joined if run[0]]
