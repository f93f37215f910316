"""The configuration file: what it says, and how its mistakes are told."""

from pathlib import Path

import pytest

from vibebox_tui.config import ConfigError, load


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_a_missing_file_is_an_empty_one(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setenv("VIBEBOX_CONFIG", str(file))
    config = load()
    assert config.path == file
    assert not config.contexts
    assert config.context == ()


def test_a_missing_file_that_was_asked_for_is_an_error(file: Path) -> None:
    with pytest.raises(ConfigError, match="no such file") as caught:
        load(file)
    assert str(file) in str(caught.value)


def test_reads_contexts_settings_and_keys(file: Path) -> None:
    file.write_text(
        """
        context = "prod"
        [contexts.prod]
        url = "https://box.example.com/v1"
        token_env = "PROD_TOKEN"
        ca_file = "ca.pem"
        [contexts.local]
        url = "unix:/run/vibebox.sock"
        [settings]
        glyphs = "ascii"
        [keys]
        "list.start" = "ctrl+x"
        """
    )
    config = load(file)
    assert config.context == ("prod",)
    prod = config.named("prod")
    assert (prod.url, prod.token_env) == ("https://box.example.com/v1", "PROD_TOKEN")
    assert prod.ca_file == Path("ca.pem")
    assert config.named("local").url == "unix:/run/vibebox.sock"
    assert config.settings.glyphs == "ascii"
    assert config.keys == {"list.start": "ctrl+x"}


def test_no_repr_shows_a_token(file: Path) -> None:
    file.write_text('[contexts.a]\nurl = "http://a"\ntoken = "s3cret"\n')
    assert "s3cret" not in repr(load(file))


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("contxts = 1", "contxts", "did you mean 'contexts'?"),
        ("theme = 'nord'", "theme", "it has no effect here; move it below a line [settings]"),
        ("[theme]\nname = 'nord'", "theme", "move it below a line [settings]"),
        ("[keys]\ntheme = 'nord'", "keys.theme", "move it below a line [settings]"),
        (
            "[contexts.a]\nurl = 'http://a'\ntheme = 'nord'",
            "contexts.a.theme",
            "move it below a line [settings]",
        ),
        ("url = 'http://a'", "url", "move it below a line [contexts.NAME]"),
        ("[settings]\nglyph = 'ascii'", "settings.glyph", "did you mean 'glyphs'?"),
        ("[settings]\nglyphs = 'emoji'", "settings.glyphs", "invalid enum value 'emoji'"),
        ("[settings]\ntheme = 3", "settings.theme", "expected `str`, got `int`"),
        ("settings = 3", "settings", "write it as a table: [settings]"),
        ("context = 3", "context", "write it in quotes, several as in"),
        ("context = ['a', 3]", "context", "write it in quotes, several as in"),
        (
            "[contexts.a]\nurl = 'ssh://box'\ntoken_env = 'X'",
            "contexts.a",
            "an ssh:// server wants no token",
        ),
        ("contexts = []", "contexts", "a table of its own"),
        ("[contexts.a]\nurl = 'ftp://x'", "contexts.a.url", "must begin with http://"),
        ("[contexts.a]\nurl = 3", "contexts.a.url", "expected `str`, got `int`"),
        ("[contexts.a]\ntoken = 'x'", "contexts.a", "missing required field `url`"),
        ("[contexts.a]\nurl = 'http://x'\ntken = 'x'", "contexts.a.tken", "did you mean 'token'?"),
        (
            "[contexts.a]\nurl = 'http://x'\ntoken = 'x'\ntoken_env = 'Y'",
            "contexts.a",
            "give one of",
        ),
        (
            "[contexts.a]\nurl = 'http://x'\ntoken_command = []",
            "contexts.a.token_command",
            "name a command",
        ),
        ("[keys]\n'list.start' = 3", "keys.list.start", "name the key in quotes"),
        ("keys = 'x'", "keys", "write it as a table"),
    ],
)
def test_a_mistake_names_file_key_and_remedy(file: Path, text: str, key: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert caught.value.key == key
    assert str(caught.value).startswith(f"{file}, {key}: ")
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_what_is_not_toml_is_told_with_its_line(file: Path) -> None:
    file.write_text("a = 1\nb = = 2\n")
    with pytest.raises(ConfigError, match=r"not valid TOML: .*line 2"):
        load(file)


def test_what_is_not_text_is_told(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(file)


def test_a_directory_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path)


def test_an_unknown_context_names_the_nearest(file: Path) -> None:
    file.write_text('[contexts.production]\nurl = "http://a"\n')
    with pytest.raises(ConfigError, match="did you mean 'production'"):
        load(file).named("prodution")
    with pytest.raises(ConfigError, match="there are production"):
        load(file).named("x")
