"""What routes take, besides their bodies and queries."""

from litestar.di import NamedDependency
from litestar.params import FromPath

from vibebox_tui.server.auth import Identity
from vibebox_tui.server.backend import Backend

Server = NamedDependency[Backend]
"""The parts of the running server."""

Caller = NamedDependency[Identity]
"""Who asks; a route that takes one needs an access token."""

Id = FromPath[str]
"""The id of an environment, a session or a user, from the path."""
