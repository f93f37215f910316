"""Every key and every action in one place: what the help shows and the palette offers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol, cast

from textual import actions
from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.fuzzy import Matcher
from textual.screen import Screen
from textual.types import IgnoreReturnCallbackType

from vibebox_tui.ui.messages import View
from vibebox_tui.ui.notices import Lead
from vibebox_tui.ui.panes.pane import Pane
from vibebox_tui.ui.roster import EnvironmentRow
from vibebox_tui.ui.servers import EnvironmentKey
from vibebox_tui.ui.theme import state_token

SCOPES: Final[Mapping[str, str]] = {
    "app": "everywhere",
    "list": "environments",
    "logs": "logs",
    "terminal": "terminal",
    "metrics": "metrics",
    "info": "details",
    "notices": "alerts and errors",
}
"""Scopes by the first part of a binding's id, in the order of the help; others follow."""

_TITLE_CELLS: Final = 50
_KEY_CELLS: Final = 14
"""Columns of the palette for a command and for its key; the palette is so wide."""

_DIGITS: Final = [str(digit) for digit in range(1, 10)]


@dataclass(slots=True)
class KeyEntry:
    """An action of a scope with all its keys, as people write them."""

    description: str
    keys: list[str] = field(default_factory=list)

    @property
    def keys_text(self) -> str:
        return "1-9" if self.keys == _DIGITS else " ".join(self.keys)


class KeyedApp(Protocol):
    """An app whose bindings may have been given other keys, by their ids."""

    keymap: Mapping[str, str]


class ShowsEnvironments(Protocol):
    """The screen that the environments' commands act on."""

    @property
    def rows(self) -> tuple[EnvironmentRow, ...]: ...

    @property
    def alerts(self) -> Sequence[Lead]: ...

    def go_to(self, key: EnvironmentKey, view: View | None = None) -> None: ...


def keys_by_scope(app: App[Any], screen: Screen[Any]) -> dict[str, list[KeyEntry]]:
    """All bindings with an id, with their present keys, by scope; each action once.

    The scopes of what has the focus come first.
    """
    scopes: dict[str, list[KeyEntry]] = {title: [] for title in SCOPES.values()}
    entries: dict[tuple[str, str], KeyEntry] = {}
    keymap = keymap_of(app)
    for node in (app, screen, *screen.walk_children()):
        for binding in own_bindings(node, keymap):
            _add(scopes, entries, binding, app.get_key_display(binding))
    for pane in screen.query(Pane):
        _add_unbound(scopes, pane)
    near = dict.fromkeys(_scopes_near(screen))
    order = [*near, *(scope for scope in scopes if scope not in near)]
    return {scope: scopes[scope] for scope in order if scopes.get(scope)}


def unbound_keys(pane: Pane) -> dict[str, list[KeyEntry]]:
    """The keys of a pane that aren't bindings, by scope."""
    scopes: dict[str, list[KeyEntry]] = {}
    _add_unbound(scopes, pane)
    return scopes


def own_bindings(node: DOMNode, keymap: Mapping[str, str]) -> list[Binding]:
    """The bindings with an id that `node`'s classes declare, one for each of its present keys."""
    declared = [
        binding
        for base in type(node).__mro__
        for binding in vars(base).get("BINDINGS", ())
        if isinstance(binding, Binding) and binding.id
    ]
    bindings = BindingsMap(declared)
    bindings.apply_keymap(keymap)
    return [binding for _, binding in bindings]


def keymap_of(app: App[Any]) -> Mapping[str, str]:
    """The keys that the user gave to bindings, by their ids."""
    return cast("KeyedApp", app).keymap


class ActionCommands(Provider):
    """The palette's commands: whatever the focused widget, the shown panes and the app can do."""

    async def discover(self) -> Hits:
        for title, run, key in self._actions():
            yield DiscoveryHit(_with_key(Content(title), key), run, text=title)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, run, key in self._actions():
            if (score := matcher.match(title)) > 0:
                shown = _with_key(_highlighted(matcher, title), key)
                yield Hit(score, shown, run, text=title)

    def _actions(self) -> Iterator[tuple[str, IgnoreReturnCallbackType, str]]:
        seen: set[str] = set()
        for node, binding in _usable_bindings(self.app, self.screen, self.focused):
            if binding.id is None or binding.id in seen or not binding.description:
                continue
            seen.add(binding.id)
            title = f"{_scope_of(binding).capitalize()}: {binding.description}"
            yield title, self._run(node, binding.action), self.app.get_key_display(binding)

    def _run(self, node: DOMNode, action: str) -> Callable[[], object]:
        return lambda: self.app.run_action(action, node)


class EnvironmentCommands(Provider):
    """The switcher's commands: one for each environment, found by any part of its name."""

    async def discover(self) -> Hits:
        for row, go in self._environments():
            yield DiscoveryHit(_with_state(Content(row.full_name), row), go, text=row.full_name)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for row, go in self._environments():
            if (score := matcher.match(row.full_name)) > 0:
                shown = _with_state(_highlighted(matcher, row.full_name), row)
                yield Hit(score, shown, go, text=row.full_name)

    def _environments(self) -> Iterator[tuple[EnvironmentRow, Callable[[], None]]]:
        screen = cast("ShowsEnvironments", self.screen)
        for row in screen.rows:
            yield row, partial(screen.go_to, row.key)


class AlertCommands(Provider):
    """What is wrong now, the cause beside it; a command leads to the log that may say why."""

    async def discover(self) -> Hits:
        for text, shown, go in self._alerts():
            yield DiscoveryHit(shown, go, text=text)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, shown, go in self._alerts():
            if (score := matcher.match(text)) > 0:
                yield Hit(score, shown, go, text=text)

    def _alerts(self) -> Iterator[tuple[str, Content, IgnoreReturnCallbackType]]:
        for (name, cause, *_), go in cast("ShowsEnvironments", self.screen).alerts:
            shown = Content.assemble((name, "bold $error"), f"  {cause}")
            if go is not None:
                yield f"{name} {cause}", shown, go


def _with_key(title: Content, key: str) -> Content:
    """A command in one line, its key at the right."""
    return Content.assemble(_padded(title), (key.rjust(_KEY_CELLS), "$ink-dim"))


def _with_state(name: Content, row: EnvironmentRow) -> Content:
    state = (row.state.rjust(_KEY_CELLS), state_token(row.state))
    return Content.assemble((f"{row.number:>2}  ", "$ink-dim"), _padded(name, 4), state)


def _padded(title: Content, less: int = 0) -> Content:
    return title.truncate(_TITLE_CELLS - less, pad=True)


def _highlighted(matcher: Matcher, title: str) -> Content:
    shown = matcher.highlight(title)
    return shown if isinstance(shown, Content) else Content(title)


def _usable_bindings(
    app: App[Any], screen: Screen[Any], focused: DOMNode | None
) -> Iterator[tuple[DOMNode, Binding]]:
    """The bindings that would do something now: of the focus first, then of what is shown."""
    near = list(focused.ancestors_with_self) if focused else []
    shown = [node for node in screen.walk_children() if node.is_on_screen]
    keymap = keymap_of(app)
    for node in dict.fromkeys([*near, *shown, screen, app]):
        for binding in own_bindings(node, keymap):
            if _is_usable(node, binding.action):
                yield node, binding


def _is_usable(node: DOMNode, action: str) -> bool:
    _, name, parameters = actions.parse(action)
    return bool(node.check_action(name, parameters))


def _scopes_near(screen: Screen[Any]) -> Iterator[str]:
    """The scopes of the keys that work where the focus is, the nearest first."""
    for node in screen.focused.ancestors_with_self if screen.focused else ():
        if node is screen:
            return
        yield from (_scope_of(binding) for binding in own_bindings(node, {}))
        if isinstance(node, Pane):
            yield from (heading.lower() for heading in node.key_help())


def _scope_of(binding: Binding) -> str:
    prefix = (binding.id or "").partition(".")[0]
    return SCOPES.get(prefix, prefix)


def _add(
    scopes: dict[str, list[KeyEntry]],
    entries: dict[tuple[str, str], KeyEntry],
    binding: Binding,
    key: str,
) -> None:
    scope = _scope_of(binding)
    entry = entries.get((scope, binding.description))
    if entry is None:
        entry = entries[scope, binding.description] = KeyEntry(binding.description)
        scopes.setdefault(scope, []).append(entry)
    if key not in entry.keys:
        entry.keys.append(key)


def _add_unbound(scopes: dict[str, list[KeyEntry]], pane: Pane) -> None:
    for heading, keys in pane.key_help().items():
        scope = scopes.setdefault(heading.lower(), [])
        for key, text in keys:
            if all(entry.description != text for entry in scope):
                scope.append(KeyEntry(text, [key]))
