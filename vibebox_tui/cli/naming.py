"""Which environment a person means by a word on the command line."""

from collections.abc import Sequence

from vibebox_tui.errors import UsageError
from vibebox_tui.protocol.models import Environment


def named(environments: Sequence[Environment], name: str) -> Environment:
    """The environment whose name, slug or id is `name`.

    Raises:
        UsageError: none is called so, or several are.
    """
    matching = [each for each in environments if name in (each.id, each.slug, each.name)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        ids = ", ".join(each.id for each in matching)
        raise UsageError(f"{len(matching)} environments are called {name!r}; name an id: {ids}")
    known = ", ".join(sorted(each.name for each in environments)) or "none"
    raise UsageError(f"there is no environment {name!r}; there are: {known}")
