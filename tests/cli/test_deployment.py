"""What docs/deployment.md tells people to run is what the program understands."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SECRET

PAGE = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text()
VIBEBOX = Path(sys.executable).with_name("vibebox")


def block(language: str) -> str:
    """The page's first block of code in that language."""
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, language
    return found[1]


def commands() -> list[list[str]]:
    """How the unit and the container start the server."""
    started = re.search(r"^ExecStart=(.*)$", block("ini"), re.MULTILINE)
    contained = re.search(r"^CMD (.*)$", block("dockerfile"), re.MULTILINE)
    assert started is not None
    assert contained is not None
    return [shlex.split(started[1]), json.loads(contained[1])]


@pytest.mark.parametrize("command", commands(), ids=["unit", "container"])
def test_the_server_understands_how_it_is_started(command: list[str]) -> None:
    program, serve, *options = command
    assert (Path(program).name, serve) == ("vibebox", "serve")
    run = subprocess.run(
        [str(VIBEBOX), serve, *options, "--print-config"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "VIBEBOX_SECRET": SECRET},
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd isn't installed")
def test_the_unit_is_one(tmp_path: Path) -> None:
    unit = tmp_path / "vibebox.service"
    unit.write_text(re.sub(r"(?<=^ExecStart=)\S+", str(VIBEBOX), block("ini"), flags=re.MULTILINE))
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    about = [line for line in run.stderr.splitlines() if str(unit) in line or unit.name in line]
    newer = [line for line in about if "DelegateSubgroup" in line]
    assert about == newer, "what systemd before 254 doesn't know"
