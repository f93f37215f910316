"""Starting a command: descriptors, directory, limits, and the reason why it can't be."""

import contextlib
import fcntl
import os
import resource
import signal
import struct
import termios
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, NoReturn

FAILURE: Final = struct.Struct(">Bi")
"""How a child that can't exec says why: the stage, and the errno."""

STAGES: Final = ("fork", "directory", "limits", "command")
"""What can fail on the way to a running command, by its number in a FAILURE."""

_RESET: Final = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGCHLD,
)
"""Signals that we or Python ignore or handle; an ignored one would be inherited through exec."""


class Launch(NamedTuple):
    """What to start. `rows` above 0: in a terminal of that size, else with pipes.

    `limits` are pairs of a resource's number (see `resource`) and its soft and hard limit; `cpus`
    are the only ones that it may run on, where there are any; `group` is the directory of a
    control group to join.
    """

    tag: str
    argv: list[str]
    executable: str
    directory: str
    environment: dict[str, str]
    limits: list[tuple[int, int]]
    rows: int
    columns: int
    cpus: Sequence[int] = ()
    group: str = ""

    def for_version(self, version: int) -> dict[str, Any]:
        """The fields that a keeper of this version knows."""
        fields = self._asdict()
        if version < GROUPS_VERSION:
            del fields["cpus"], fields["group"]
        return fields


GROUPS_VERSION: Final = 3
"""The first version of the keeper's protocol that has `cpus` and `group`."""


def window_size(rows: int, columns: int) -> bytes:
    """The argument of TIOCSWINSZ."""
    return struct.pack("HHHH", rows, columns, 0, 0)


def run_command(launch: Launch, streams: tuple[int, int, int], failure: int) -> NoReturn:
    """In a forked child: become the command, or write the reason to `failure` and exit.

    `streams` become its standard input, output and error; nothing else is inherited.
    """
    stage = 0
    try:
        os.setsid()
        failure = _arrange(streams, failure)
        if launch.rows:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        stage = STAGES.index("directory")
        os.chdir(launch.directory)
        stage = STAGES.index("limits")
        for number, limit in launch.limits:
            _, hard = resource.getrlimit(number)
            bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(number, (bound, bound))
        if launch.cpus:
            os.sched_setaffinity(0, launch.cpus)
        if launch.group:
            _join(launch.group)
        stage = STAGES.index("command")
        for number in _RESET:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.umask(0o022)
        os.execvpe(launch.executable, launch.argv, launch.environment)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(failure, FAILURE.pack(stage, getattr(error, "errno", None) or 0))
    os._exit(127)


def _join(group: str) -> None:
    """Join a control group, with all that will be started."""
    descriptor = os.open(f"{group}/cgroup.procs", os.O_WRONLY)
    os.write(descriptor, b"0")
    os.close(descriptor)


def _arrange(streams: tuple[int, int, int], failure: int) -> int:
    """Put the streams on 0, 1 and 2, `failure` on 3, and close all else."""
    # First out of the way of each other, then into place.
    above = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (*streams, failure)]
    for target, source in enumerate(above):
        os.dup2(source, target, inheritable=target < 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    return 3
