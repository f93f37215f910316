"""Where the settings of `vibebox serve` come from: flags, variables, a file, in this order."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from vibebox_tui.cli.serve import serve


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(serve, [*arguments, "--print-config"], env=variables)


def printed(*arguments: str, **variables: str) -> dict[str, Any]:
    result = run(*arguments, **variables)
    assert result.exit_code == 0, result.output
    settings: dict[str, Any] = json.loads(result.stdout)
    return settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text('port = 4000\nbase-path = "/box"\norigin = ["https://a.example"]\n')
    return path


def test_flags_win_over_variables_and_these_over_the_file(file: Path) -> None:
    assert printed()["port"] == 3000
    assert printed("--config", str(file))["port"] == 4000
    assert printed("--config", str(file), VIBEBOX_SERVE_PORT="5000")["port"] == 5000
    assert printed("--config", str(file), "--port", "6", VIBEBOX_SERVE_PORT="5000")["port"] == 6


def test_options_have_the_names_that_they_have_as_flags(file: Path) -> None:
    settings = printed("--config", str(file))
    assert (settings["base_path"], settings["origins"]) == ("/box", ["https://a.example"])


def test_the_secret_is_not_printed() -> None:
    secret = "a secret that is long enough, and not to be seen"
    result = run(VIBEBOX_SECRET=secret)
    assert secret not in result.output
    assert json.loads(result.stdout)["secret"] == "(set, not shown)"


@pytest.mark.parametrize(
    ("content", "said"),
    [("prot = 1", "no option 'prot'"), ("port =", "can't be read"), ('port = "x"', "port")],
)
def test_a_wrong_file_is_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "server.toml"
    path.write_text(content)
    result = run("--config", str(path))
    assert result.exit_code == 2
    assert said in result.output


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    result = run("--config", str(tmp_path / "nowhere.toml"))
    assert result.exit_code == 2
    assert "can't be read" in result.output
