"""A crowd that never authenticates, in the short form of its measurement."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "bench" / "strangers.py"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_who_has_a_token_gets_in_past_a_thousand_who_have_none() -> None:
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--quick"],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    facts = json.loads(run.stdout.splitlines()[-1])
    assert facts["figures"]["strangers that connected"]["value"] >= 990, run.stdout
    assert facts["figures"]["attempts that failed"]["value"] == 0, run.stdout
    assert facts["attempts"] > 20
