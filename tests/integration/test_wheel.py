"""The wheel is whole: installed somewhere else, the demo runs from it, styles included."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str, **options: object) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, **options
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with nothing but what the wheel installs."""
    directory = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir", "-w", str(directory))
    run(*pip, *build, str(ROOT))
    (wheel,) = directory.glob("*.whl")
    run(*pip, "install", "--no-deps", "--no-index", "--target", str(directory / "lib"), str(wheel))
    return directory / "lib"


@pytest.fixture
def elsewhere(installed: Path, tmp_path: Path) -> dict[str, str]:
    """The variables of a user who has only the wheel's files, and an empty home directory."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, "HOME": str(tmp_path), "PYTHONPATH": str(installed)}


def test_the_package_that_is_imported_is_the_installed_one(
    installed: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    code = "from vibebox_tui import paths; print(paths.__file__); print(paths.styles_directory())"
    done = run(sys.executable, "-P", "-c", code, env=elsewhere, cwd=tmp_path)
    package, styles = done.stdout.splitlines()
    assert Path(package) == installed / "vibebox_tui" / "paths.py"
    assert Path(styles) == installed / "vibebox_tui" / "styles"
    assert (Path(styles) / "tokens.tcss").is_file()


@pytest.mark.timeout(180)
def test_the_demo_runs_from_it_and_every_pane_is_live(
    elsewhere: dict[str, str], tmp_path: Path
) -> None:
    done = run(
        sys.executable, "-P", "-m", "vibebox_tui", "demo", "--check", env=elsewhere, cwd=tmp_path
    )
    report = json.loads(done.stdout)
    assert report["complete"]
    assert not report["missing"]
