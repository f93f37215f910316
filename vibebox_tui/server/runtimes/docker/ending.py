"""How a container has ended, in words."""

import signal
from typing import Final

from vibebox_tui.server.runtimes.base import Exit
from vibebox_tui.server.runtimes.docker.moments import nanoseconds
from vibebox_tui.server.runtimes.docker.wire import Container, ContainerState

_BY_SIGNAL: Final = 128
"""What a shell and the engines add to a signal's number for an exit code."""

_KILLED: Final = _BY_SIGNAL + signal.SIGKILL
_TERMINATED: Final = _BY_SIGNAL + signal.SIGTERM

_INTERRUPTED: Final = _BY_SIGNAL + signal.SIGINT

_CLOCKS: Final = 1.0
"""Seconds by which the engine's clock may differ from ours."""

_MIB: Final = 1024 * 1024


def ending(container: Container, *, told: bool, may_infer: bool) -> Exit:
    """The end of a container that runs no more.

    `told`: the engine was heard to signal it. `may_infer`: it doesn't say what memory has to do
    with an end, which can be told from the code then.
    """
    state = container.state
    told = told or state.exit_code == _TERMINATED
    if _out_of_memory(container, may_infer=may_infer and not told):
        return Exit(state.exit_code, _memory_words(container))
    if told:
        return Exit(state.exit_code, f"stopped from elsewhere, {_code_words(state)}", asked=True)
    words = _code_words(state)
    return Exit(state.exit_code, f"{words}: {state.error}" if state.error else words)


def ended_with_engine(container: Container, lost_at: float) -> bool:
    """Whether an engine that ends its containers with itself has ended this one.

    It was lost from sight at `lost_at` (seconds since the epoch). One that fails by itself
    meanwhile has another exit code; one that finishes just then looks the same, alas.
    """
    state = container.state
    finished = nanoseconds(state.finished_at)
    return (
        finished is not None
        and finished / 1e9 >= lost_at - _CLOCKS
        and state.exit_code in (0, _INTERRUPTED, _KILLED, _TERMINATED)
        and not state.oom_killed
    )


def _out_of_memory(container: Container, *, may_infer: bool) -> bool:
    """Whether memory was the reason; Podman often only knows that the kernel killed it."""
    state = container.state
    limited = container.host_config.memory > 0
    return state.oom_killed or (state.exit_code == _KILLED and limited and may_infer)


def _memory_words(container: Container) -> str:
    state, limit = container.state, container.host_config.memory
    sure = "" if state.oom_killed else "most likely "
    bound = f", with a limit of {limit / _MIB:.0f} MiB" if limit else ""
    return f"killed, {sure}out of memory{bound} (exit code {state.exit_code})"


def _code_words(state: ContainerState) -> str:
    code = state.exit_code
    if code <= _BY_SIGNAL:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(code - _BY_SIGNAL).name} (exit code {code})"
    except ValueError:
        return f"exit code {code}"
