"""The user's configuration: which servers there are, how the dashboard looks and what its keys do.

One TOML file (`paths.config_file`), read once at start and never written. Every table is checked
against a struct, so that a mistake is answered by a sentence with the file, the key and a remedy.
"""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from vibebox_tui import paths
from vibebox_tui.errors import UsageError

T = TypeVar("T", bound="Table")


class ConfigError(UsageError):
    """The configuration file can't be read or says something that cannot be meant.

    Attributes:
        path: the file.
        key: the dotted key at fault, "" where the whole file is.
    """

    def __init__(self, path: Path, key: str, problem: str) -> None:
        self.path = path
        self.key = key
        where = f"{path}, {key}" if key else str(path)
        super().__init__(f"{where}: {problem}")


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that isn't one of its fields is a mistake."""


class Context(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A server and how to be let in: one way of having a token, or none for an open server.

    `url` may be `http://`, `https://`, `unix:/path/to/socket` or `ssh://user@host`, where
    `ssh_command` is how `vibebox` is called on that host. `ca_file` is a PEM bundle of
    certificate authorities to trust in place of the system's; `client_certificate` and `client_key`
    are what is shown to the server. `proxy` is an `http://` or `socks5h://` URL in place of what
    the environment says (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    """

    url: str
    token: str | None = None
    token_env: str | None = None
    token_command: list[str] | None = None
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    proxy: str | None = None
    ssh_command: list[str] = msgspec.field(default_factory=lambda: ["vibebox"])

    @property
    def names_a_token(self) -> bool:
        """Whether it says where a token comes from; else that is a login, or the server itself."""
        return bool(self.token or self.token_env or self.token_command)

    def __repr__(self) -> str:
        return f"Context(url={self.url!r}, …)"


class Settings(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the dashboard looks and behaves; every one has a default.

    `escape_key` takes the keys back from a captured terminal. `typed_offline` says whether what
    was typed while the link was down is sent once it is back. With `confirm_paste` a paste of
    several lines or with control characters has to be confirmed; with `programs_copy` programs in
    a terminal may write to the clipboard (OSC 52). `log_memory` is how many MiB the lines of all
    log panes together may take, `scrollback` how many lines a terminal keeps.
    """

    theme: str = "vibebox-dark"
    glyphs: Literal["auto", "unicode", "ascii"] = "auto"
    escape_key: str = "ctrl+right_square_bracket"
    typed_offline: Literal["always", "ask", "never"] = "ask"
    confirm_paste: bool = True
    programs_copy: bool = False
    log_memory: Annotated[int, msgspec.Meta(ge=8, le=65_536)] = 256
    scrollback: Annotated[int, msgspec.Meta(ge=100, le=1_000_000)] = 10_000


class Config(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything the file says. `keys` maps binding ids to the keys that replace the default's.

    `context` names the servers that the dashboard opens; none: the user's own.
    """

    path: Path
    context: tuple[str, ...] = ()
    contexts: Mapping[str, Context] = msgspec.field(default_factory=dict)
    settings: Settings = msgspec.field(default_factory=Settings)
    keys: Mapping[str, str] = msgspec.field(default_factory=dict)

    def named(self, name: str) -> Context:
        """The context called `name`.

        Raises:
            ConfigError: there is no context of that name.
        """
        if context := self.contexts.get(name):
            return context
        raise ConfigError(self.path, f"contexts.{name}", _no_such_context(name, self.contexts))


def load(path: Path | None = None) -> Config:
    """Read the configuration from `path`, else from the user's own file, which may be missing.

    Raises:
        ConfigError: it can't be read, isn't TOML, or a key of it is unknown or has a wrong value.
    """
    file = path or paths.config_file()
    document = _read(file, must_exist=path is not None)
    unknown = document.keys() - {"context", "contexts", "settings", "keys"}
    if unknown:
        raise ConfigError(file, min(unknown), _unknown_key(min(unknown), Config))
    return Config(
        path=file,
        context=_names(document.get("context", ()), file, "context"),
        contexts=_contexts(document.get("contexts", {}), file),
        settings=_table(document.get("settings", {}), Settings, file, "settings"),
        keys=_keys(document.get("keys", {}), file),
    )


def suggestion(word: str, known: list[str]) -> str:
    """What was probably meant by `word`, of what is known; else all that is."""
    if close := difflib.get_close_matches(word, known, n=1):
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(sorted(known))}" if known else "the file has none"


def _read(file: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(file, "", "there is no such file") from None
        return {}
    except OSError as error:
        raise ConfigError(file, "", f"it can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(file, "", "it is not UTF-8 text; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(file, "", f"it is not valid TOML: {error}") from error


def _contexts(value: object, file: Path) -> dict[str, Context]:
    if not isinstance(value, dict):
        raise ConfigError(file, "contexts", "each server is a table of its own: [contexts.NAME]")
    contexts = {
        name: _table(table, Context, file, f"contexts.{name}") for name, table in value.items()
    }
    for name, context in contexts.items():
        _check_context(context, file, f"contexts.{name}")
    return contexts


def _check_context(context: Context, file: Path, key: str) -> None:
    if not context.url.startswith(("http://", "https://", "unix:", "ssh://")):
        problem = f"{context.url!r} must begin with http://, https://, ssh:// or unix:"
        raise ConfigError(file, f"{key}.url", problem)
    ways = [context.token, context.token_env, context.token_command]
    if sum(way is not None for way in ways) > 1:
        problem = "give one of token, token_env and token_command, not several"
        raise ConfigError(file, key, problem)
    if context.url.startswith("ssh://") and context.names_a_token:
        problem = "an ssh:// server wants no token: who may log in there is let in; leave it out"
        raise ConfigError(file, key, problem)
    if context.token_command is not None and not context.token_command:
        raise ConfigError(file, f"{key}.token_command", 'name a command, as in ["pass", "vibebox"]')


def _keys(value: object, file: Path) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ConfigError(file, "keys", "write it as a table: [keys]")
    for binding, keys in value.items():
        if binding in Settings.__struct_fields__:
            raise ConfigError(file, f"keys.{binding}", _unknown_key(binding, Config))
        if not isinstance(keys, str) or not keys:
            problem = 'name the key in quotes, as in "ctrl+n", several with commas between them'
            raise ConfigError(file, f"keys.{binding}", problem)
    return value


def _names(value: object, file: Path, key: str) -> tuple[str, ...]:
    """One name, or several in brackets."""
    names = (value,) if isinstance(value, str) else value
    if isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names):
        return tuple(dict.fromkeys(names))
    raise ConfigError(file, key, 'write it in quotes, several as in ["prod", "lab"]')


def _table(value: object, kind: type[T], file: Path, key: str) -> T:
    if not isinstance(value, dict):
        raise ConfigError(file, key, f"write it as a table: [{key}]")
    if unknown := value.keys() - set(kind.__struct_fields__):
        raise ConfigError(file, f"{key}.{min(unknown)}", _unknown_key(min(unknown), kind))
    try:
        return msgspec.convert(value, kind, dec_hook=_path)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        raise ConfigError(
            file, key + place.rstrip("`"), problem[0].lower() + problem[1:]
        ) from error


def _path(kind: type[Any], value: Any) -> Any:
    """What msgspec doesn't know how to make of a string: a path."""
    return kind(value)


def _unknown_key(key: str, kind: type[Table]) -> str:
    for other, table in ((Settings, "[settings]"), (Context, "[contexts.NAME]")):
        if key in other.__struct_fields__:
            return f"it has no effect here; move it below a line {table}"
    known = [field for field in kind.__struct_fields__ if field != "path"]
    return f"there is no such key; {suggestion(key, known)}"


def _no_such_context(name: str, contexts: Mapping[str, Context]) -> str:
    return f"there is no such context; {suggestion(name, list(contexts))}"
