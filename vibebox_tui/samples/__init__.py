"""The demo's environments: small programs that really do something worth watching.

They run as scripts of their own with the standard library only, so they import nothing from here.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Final, NamedTuple


class Sample(NamedTuple):
    """A sample environment; `memory_limit` is in MiB, `cpu_limit` in cores.

    `sign` is a regular expression for what it often logs and no other one does. The first of its
    `scripts` is what is run.
    """

    name: str
    description: str
    scripts: tuple[str, ...]
    sign: str
    cpu_limit: float
    memory_limit: int

    @property
    def command(self) -> list[str]:
        """How it is started in a directory that has its scripts, with its variables."""
        return [Path(sys.executable).name, self.scripts[0]]

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that it needs: our own Python is the first to be found."""
        ours = Path(sys.executable).parent
        return {
            "PATH": f"{ours}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "PYTHONNOUSERSITE": "1",
        }

    def unpack(self, directory: Path) -> None:
        """Copy its scripts into `directory`, where they may be read, changed and started again."""
        for script in self.scripts:
            shutil.copy(Path(__file__).with_name(script), directory / script)


SAMPLES: Final = (
    Sample(
        name="shop-api",
        description="A small web service with a database, under its own load generator",
        scripts=("shop_api.py", "customers.py"),
        sign=r"(GET|POST) /\w+ \d{3}",
        cpu_limit=0.5,
        memory_limit=256,
    ),
    Sample(
        name="worker",
        description="A worker that takes documents from a queue: text and JSON logs, both streams",
        scripts=("worker.py",),
        sign=r"job \d+|\"job\": \d+",
        cpu_limit=0.5,
        memory_limit=128,
    ),
    Sample(
        name="waves",
        description="A job that looks for primes, and whose CPU and memory come in waves",
        scripts=("waves.py",),
        sign=r"primes below",
        cpu_limit=0.5,
        memory_limit=256,
    ),
)
"""The three environments of `vibebox demo`, in the order of the list."""
