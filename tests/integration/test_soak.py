"""The soak in its short form: half a minute where every change is checked, else a few seconds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 30 if os.environ.get("VIBEBOX_CI") else 10

SCRIPT = Path(__file__).parents[2] / "bench" / "soak.py"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("options", [[], ["--small"]], ids=["all kept", "little kept"])
def test_nothing_is_lost_doubled_or_grown_over_a_bad_line(options: list[str]) -> None:
    seconds = SECONDS + 15 if options else SECONDS
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--seconds", str(seconds), "--seed", "3", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    facts = json.loads(run.stdout.splitlines()[-1])
    assert min(facts["lines"]) > 1_000
    assert facts["inputs"] > 50
    assert facts["faults"]
