"""Node with the guide's packages, installed once."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_INSTALL_SECONDS = 180


def _missing(reason: str) -> None:
    """Skip, but in the checks, which must never leave these tests out."""
    if os.environ.get("VIBEBOX_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest) -> Path:
    """A directory with the guide's programs and the packages that they import."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        _missing("the guide's snippets need Node.js and npm")
    cache = request.config.cache
    assert cache is not None
    directory = cache.mkdir("guide")
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(str(npm), directory)
        for program in _HERE.glob("*.mjs"):
            shutil.copy(program, directory)
    return directory


def _install(npm: str, directory: Path) -> None:
    wanted = (_HERE / "package.json").read_text()
    installed = directory / "installed.json"
    if installed.exists() and installed.read_text() == wanted:
        return
    (directory / "package.json").write_text(wanted)
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
        cwd=directory,
        env=os.environ | {"npm_config_cache": str(directory / "npm")},
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        _missing(f"npm can't install the guide's packages: {done.stderr.strip()[-500:]}")
    installed.write_text(wanted)
