"""The dashboard's own colours: a dark and a light theme, and what every theme has to name.

Styles and code name tokens only. The tokens that Textual doesn't have are derived here from those
it has, so that its built-in themes and a user's own work too.
"""

from collections.abc import Mapping

from textual.theme import Theme

DARK = Theme(
    name="vibebox-dark",
    primary="#5fb3f5",
    secondary="#a8a0f0",
    accent="#f2b866",
    success="#6fcf8e",
    warning="#f0c05a",
    error="#f4717c",
    foreground="#d5dce6",
    background="#0d1218",
    surface="#121922",
    panel="#1a2430",
    dark=True,
    variables={
        "line": "#2e363f",
        "line-focus": "#5fb3f5",
        "ink-dim": "#8e98a5",
        "ink-faint": "#616c78",
        "bar": "#16202b",
        "cursor-row": "#1d3147",
        "cursor-row-blurred": "#182330",
        "state-stopped": "#8e98a5",
        "state-unknown": "#a8a0f0",
        "gauge-cpu": "#5fb3f5",
        "gauge-memory": "#a8a0f0",
        "source-teal": "#57c7c1",
        "source-pink": "#e58ac0",
        "source-lime": "#b5c95a",
        "source-steel": "#8fa7c4",
        "border": "#5fb3f5",
        "border-blurred": "#2e363f",
        "scrollbar": "#2b3b4d",
        "scrollbar-hover": "#3d5269",
        "scrollbar-active": "#5fb3f5",
        "scrollbar-background": "#0d1218",
        "scrollbar-background-hover": "#0d1218",
        "scrollbar-background-active": "#0d1218",
        "input-selection-background": "#5fb3f5 35%",
        "block-cursor-foreground": "#d5dce6",
        "block-cursor-background": "#1d3147",
        "block-cursor-text-style": "none",
    },
)

LIGHT = Theme(
    name="vibebox-light",
    primary="#1767b0",
    secondary="#5d4fc0",
    accent="#9a5b00",
    success="#1d7a43",
    warning="#8f6200",
    error="#bf2f3d",
    foreground="#1e2935",
    background="#f7f9fb",
    surface="#eef2f6",
    panel="#e2e8ef",
    dark=False,
    variables={
        "line": "#c5d0db",
        "line-focus": "#1767b0",
        "ink-dim": "#56667a",
        "ink-faint": "#768596",
        "bar": "#e6ecf2",
        "cursor-row": "#cfe3f6",
        "cursor-row-blurred": "#e2eaf2",
        "state-stopped": "#56667a",
        "state-unknown": "#5d4fc0",
        "gauge-cpu": "#1767b0",
        "gauge-memory": "#5d4fc0",
        "source-teal": "#0b7a75",
        "source-pink": "#a8327e",
        "source-lime": "#5c7011",
        "source-steel": "#49617c",
        "border": "#1767b0",
        "border-blurred": "#c5d0db",
        "scrollbar": "#c0ccd8",
        "scrollbar-hover": "#a3b3c3",
        "scrollbar-active": "#1767b0",
        "scrollbar-background": "#f7f9fb",
        "scrollbar-background-hover": "#f7f9fb",
        "scrollbar-background-active": "#f7f9fb",
        "input-selection-background": "#1767b0 25%",
        "block-cursor-foreground": "#1e2935",
        "block-cursor-background": "#cfe3f6",
        "block-cursor-text-style": "none",
    },
)

PALETTE = Theme(
    name="vibebox-256",
    primary="#5fafff",
    secondary="#afafff",
    accent="#ffaf5f",
    success="#5fd787",
    warning="#ffd75f",
    error="#ff5f5f",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
    variables={
        "line": "#444444",
        "line-focus": "#5fafff",
        "ink-dim": "#949494",
        "ink-faint": "#767676",
        "bar": "#1c1c1c",
        "cursor-row": "#303030",
        "cursor-row-blurred": "#1c1c1c",
        "state-stopped": "#949494",
        "state-unknown": "#afafff",
        "gauge-cpu": "#5fafff",
        "gauge-memory": "#afafff",
        "source-teal": "#5fd7d7",
        "source-pink": "#ff87d7",
        "source-lime": "#afd75f",
        "source-steel": "#87afd7",
        "border": "#5fafff",
        "border-blurred": "#444444",
        "scrollbar": "#3a3a3a",
        "scrollbar-hover": "#585858",
        "scrollbar-active": "#5fafff",
        "scrollbar-background": "#121212",
        "scrollbar-background-hover": "#121212",
        "scrollbar-background-active": "#121212",
        "input-selection-background": "#585858",
        "block-cursor-foreground": "#d0d0d0",
        "block-cursor-background": "#303030",
        "block-cursor-text-style": "none",
    },
)
"""For terminals with 256 colours: each one is one of those, since the nearest one to a dark blue
is a bright teal.
"""

SIXTEEN = Theme(
    name="vibebox-16",
    primary="#55ffff",
    secondary="#ff55ff",
    accent="#ffff55",
    success="#55ff55",
    warning="#ffff55",
    error="#ff5555",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    dark=True,
    variables={
        "line": "#aaaaaa",
        "line-focus": "#55ffff",
        "ink": "#ffffff",
        "ink-dim": "#aaaaaa",
        "ink-faint": "#aaaaaa",
        "bar": "#000000",
        "cursor-row": "#0000aa",
        "cursor-row-blurred": "#000000",
        "state-stopped": "#aaaaaa",
        "source-teal": "#00aaaa",
        "source-pink": "#aa00aa",
        "source-lime": "#00aa00",
        "source-steel": "#5555ff",
        "border": "#55ffff",
        "border-blurred": "#aaaaaa",
        "scrollbar": "#aaaaaa",
        "scrollbar-hover": "#ffffff",
        "scrollbar-active": "#55ffff",
        "scrollbar-background": "#000000",
        "scrollbar-background-hover": "#000000",
        "scrollbar-background-active": "#000000",
        "input-selection-background": "#0000aa",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#0000aa",
        "block-cursor-text-style": "none",
    },
)
"""For terminals with 16 colours: each one is exactly one of those."""

THEMES = (DARK, LIGHT, PALETTE, SIXTEEN)
"""The themes that are ours; the first is the default."""


def theme_for(wanted: str, colours: str | None) -> str:
    """The theme to use for the wanted one in a terminal with these colours (Rich's name).

    The nearest ones to those of our default theme look ill with 256 colours, and can't be told
    apart with 16.
    """
    if wanted != DARK.name:
        return wanted
    return {"256": PALETTE.name, "standard": SIXTEEN.name}.get(colours or "", wanted)


_DERIVED: Mapping[str, str] = {
    "line": "panel-lighten-2",
    "line-focus": "primary",
    "ink": "foreground",
    "ink-dim": "foreground-darken-2",
    "ink-faint": "foreground-darken-3",
    "bar": "panel",
    "cursor-row": "primary-background",
    "cursor-row-blurred": "panel",
    "state-running": "success",
    "state-changing": "warning",
    "state-error": "error",
    "state-stopped": "foreground-darken-2",
    "state-unknown": "secondary",
    "gauge-cpu": "primary",
    "gauge-memory": "secondary",
    "source-teal": "primary-lighten-2",
    "source-pink": "secondary-lighten-2",
    "source-lime": "success-lighten-2",
    "source-steel": "primary-darken-2",
}
"""Our tokens and the token of Textual that stands in where a theme doesn't name them."""


def with_our_tokens(variables: Mapping[str, str]) -> dict[str, str]:
    """Add to a theme's variables those of our tokens that it doesn't name."""
    derived = {ours: variables[theirs] for ours, theirs in _DERIVED.items() if theirs in variables}
    return {**derived, **variables}


def state_token(state: str) -> str:
    """The token of an environment's state; a state that we don't know has that of unknown."""
    match state:
        case "running" | "stopped" | "error":
            return f"$state-{state}"
        case "starting" | "stopping":
            return "$state-changing"
        case _:
            return "$state-unknown"
