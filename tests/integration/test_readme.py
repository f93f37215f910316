"""What the README and the documents promise is there."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_two_lines_stand_first() -> None:
    blocks = re.findall(r"```sh\n(.*?)\n```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks[0].startswith("python3 -m venv .venv && ")
    assert blocks[0].endswith("vibebox demo")
    assert blocks[1].startswith("python3 -m venv .venv && ")
    assert blocks[1].endswith("pytest")
    assert "\n" not in blocks[0] + blocks[1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        assert target.startswith("https://") or (document.parent / target).exists(), target


def test_every_dependency_has_a_constraint() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = [requirement for group in groups for requirement in group]
    names = {re.match(r"[\w-]+", each)[0].lower() for each in wanted}  # type: ignore[index]
    fixed = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().split()}
    assert names <= fixed


def test_the_keys_are_documented_as_they_are() -> None:
    done = subprocess.run([sys.executable, ROOT / ".ci/keys.py", "--check"], check=False)
    assert done.returncode == 0, "python .ci/keys.py brings docs/keys.md up to date"
