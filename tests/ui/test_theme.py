import re

import pytest
from rich._palettes import EIGHT_BIT_PALETTE, STANDARD_PALETTE
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.app import App
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from vibebox_tui.paths import styles_directory
from vibebox_tui.ui.theme import (
    DARK,
    LIGHT,
    PALETTE,
    SIXTEEN,
    THEMES,
    state_token,
    theme_for,
    with_our_tokens,
)

STATES = [f"state-{name}" for name in ("running", "stopped", "error", "changing", "unknown")]

READABLE = 4.5
"""Contrast of text that WCAG 2 asks for at level AA."""

LEGIBLE = 3.0
"""Contrast that it asks for where the text is a repetition or an ornament."""


def contrast(ink: str, ground: str) -> float:
    lighter, darker = sorted(
        (luminance(Color.parse(ink)), luminance(Color.parse(ground))), reverse=True
    )
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: Color) -> float:
    channels = (value / 255 for value in color.rgb)
    red, green, blue = (
        value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def tokens(theme: Theme) -> dict[str, str]:
    variables = {**theme.to_color_system().generate(), **theme.variables}
    return with_our_tokens(variables)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("ink", ["ink", "ink-dim", "primary", "accent", *STATES])
def test_text_is_readable_on_the_ground_and_under_the_cursor(theme: Theme, ink: str) -> None:
    named = tokens(theme)
    assert contrast(named[ink], named["background"]) >= READABLE
    assert contrast(named[ink], named["cursor-row"]) >= LEGIBLE


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_faint_text_is_legible(theme: Theme) -> None:
    named = tokens(theme)
    assert contrast(named["ink-faint"], named["background"]) >= LEGIBLE


@pytest.mark.parametrize("name", sorted(BUILTIN_THEMES))
def test_our_tokens_are_there_in_every_theme_of_textual(name: str) -> None:
    app: App[None] = App()
    app.theme = name
    named = with_our_tokens(app.get_css_variables())
    used = set(re.findall(r"\$([a-z-]+\d?)", all_styles()))
    assert used <= set(named)
    for state in ("running", "stopped", "error", "starting", "stopping", "paused"):
        assert state_token(state).removeprefix("$") in named


def test_sixteen_colours_are_exactly_those() -> None:
    for value in SIXTEEN.variables.values():
        if value.startswith("#"):
            downgraded = RichColor.parse(value).downgrade(ColorSystem.STANDARD)
            assert downgraded.number is not None
            assert STANDARD_PALETTE[downgraded.number] == RichColor.parse(value).triplet


def test_a_palette_of_256_colours_changes_none_of_those_made_for_it() -> None:
    one_shade = 10  # the steps between the palette's greys
    for name, value in {**PALETTE.to_color_system().generate(), **PALETTE.variables}.items():
        if name in ("primary", "success", "error", "background", "foreground", *PALETTE.variables):
            if not value.startswith("#"):
                continue
            wanted = RichColor.parse(value)
            number = wanted.downgrade(ColorSystem.EIGHT_BIT).number
            assert number is not None
            assert wanted.triplet is not None
            shown = EIGHT_BIT_PALETTE[number]
            apart = [abs(a - b) for a, b in zip(wanted.triplet, shown, strict=True)]
            assert max(apart) <= one_shade, name


@pytest.mark.parametrize(
    ("wanted", "colours", "used"),
    [
        (DARK.name, "truecolor", DARK.name),
        (DARK.name, "256", PALETTE.name),
        (LIGHT.name, "256", LIGHT.name),
        (DARK.name, "standard", SIXTEEN.name),
        (LIGHT.name, "standard", LIGHT.name),
        ("nord", "standard", "nord"),
    ],
)
def test_the_default_theme_has_others_for_fewer_colours(
    wanted: str, colours: str, used: str
) -> None:
    assert theme_for(wanted, colours) == used


def test_styles_name_tokens_and_no_colours() -> None:
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=\s*[;\d ])", all_styles())


def all_styles() -> str:
    """All style sheets without their comments."""
    text = "\n".join(path.read_text() for path in sorted(styles_directory().glob("*.tcss")))
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
