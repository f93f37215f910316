"""Names in the configuration that only the dashboard knows: themes, and ids of keys."""

from collections.abc import Iterator

from textual.binding import Binding
from textual.dom import DOMNode
from textual.theme import BUILTIN_THEMES

from vibebox_tui.config import Config, ConfigError, suggestion
from vibebox_tui.ui.app import VibeBoxApp
from vibebox_tui.ui.theme import THEMES


def check_names(config: Config) -> None:
    """Raise ConfigError if the configuration names a theme or a key's id that doesn't exist."""
    themes = [*(theme.name for theme in THEMES), *BUILTIN_THEMES]
    theme = config.settings.theme
    if theme not in themes:
        problem = f"there is no theme {theme!r}; {suggestion(theme, themes)}"
        raise ConfigError(config.path, "settings.theme", problem)
    known = sorted(str(binding.id) for binding in bindings()) if config.keys else []
    for name in config.keys:
        if name not in known:
            problem = f"no key has this id; {suggestion(name, known)}"
            raise ConfigError(config.path, f"keys.{name}", problem)


def bindings() -> list[Binding]:
    """All bindings of the dashboard that have an id, each id once."""
    found: dict[str, Binding] = {}
    for kind in [VibeBoxApp, *_our_classes(DOMNode)]:
        for binding in vars(kind).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                found.setdefault(binding.id, binding)
    return list(found.values())


def _our_classes(base: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for kind in base.__subclasses__():
        if kind.__module__.startswith("vibebox_tui."):
            yield kind
        yield from _our_classes(kind)
