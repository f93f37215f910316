"""The states of an environment, and which may follow which."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """The `status` of an environment (guide)."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    ERROR = "error"


NEXT: Final[dict[State, frozenset[State]]] = {
    State.STOPPED: frozenset({State.STARTING}),
    State.STARTING: frozenset({State.RUNNING, State.STOPPED, State.ERROR}),
    State.RUNNING: frozenset({State.STOPPING, State.STOPPED, State.ERROR}),
    State.STOPPING: frozenset({State.STOPPED, State.ERROR}),
    State.ERROR: frozenset({State.STARTING, State.STOPPED}),
}
"""What may follow a state. `running` to `stopped`: the command has ended by itself, well;
`starting` to `stopped`: it was called off; `error` to `stopped`: it isn't tried again any more."""

SETTLED: Final = frozenset({State.STOPPED, State.RUNNING, State.ERROR})
"""States that last until somebody or something does something."""
