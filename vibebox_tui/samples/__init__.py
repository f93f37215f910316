"""The demo's environments: small programs that really do something worth watching.

They run as scripts of their own with the standard library only, so they import nothing from here.
"""

import sys
from pathlib import Path
from typing import Final, NamedTuple


class Sample(NamedTuple):
    """A sample environment; `memory_limit` is in MiB, `cpu_limit` in cores.

    `sign` is a regular expression for what it often logs and no other one does.
    """

    name: str
    description: str
    script: str
    sign: str
    cpu_limit: float
    memory_limit: int

    @property
    def command(self) -> list[str]:
        """How it is started: isolated from whatever Python settings the user has."""
        script = Path(__file__).with_name(self.script)
        return [sys.executable, "-I", "-S", "-u", "-X", "utf8", str(script)]


SAMPLES: Final = (
    Sample(
        name="shop-api",
        description="A small web service with a database, under its own load generator",
        script="shop_api.py",
        sign=r"(GET|POST) /\w+ \d{3}",
        cpu_limit=1.0,
        memory_limit=256,
    ),
    Sample(
        name="worker",
        description="A worker that takes documents from a queue: text and JSON logs, both streams",
        script="worker.py",
        sign=r"job \d+|\"job\": \d+",
        cpu_limit=1.0,
        memory_limit=128,
    ),
    Sample(
        name="waves",
        description="A job that looks for primes, and whose CPU and memory come in waves",
        script="waves.py",
        sign=r"primes below",
        cpu_limit=1.0,
        memory_limit=256,
    ),
)
"""The three environments of `vibebox demo`, in the order of the list."""
