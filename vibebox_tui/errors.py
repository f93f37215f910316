"""The root of every error that VibeBox raises on purpose."""


class VibeBoxError(Exception):
    """Something failed that a user can be told in one sentence.

    The message says what failed and what to do about it; facts that a caller may act on are
    attributes of the subclass. The command line prints the message and exits with `exit_code`.
    """

    exit_code = 1
    """Process exit status: 2 for wrong usage (as shells and click have it), 1 for all else."""


class UsageError(VibeBoxError):
    """The command, an option or a configuration file says something that cannot be meant."""

    exit_code = 2
