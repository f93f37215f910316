"""Who may do what: one table, for REST and WebSockets alike (protocol.md, "ownership, roles")."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from vibebox_tui.protocol.models import Environment, Role
from vibebox_tui.server.errors import EnvironmentNotFoundError, ServerError


class UnauthorizedError(ServerError):
    """Who asks is not known: no token, or none that is believed."""

    kind = "Unauthorized"
    status = 401


class ForbiddenError(ServerError):
    """Who asks is known and may not."""

    kind = "Forbidden"
    status = 403


class Action(Enum):
    """What can be done; the value completes the sentence "your role may not …"."""

    WATCH = "watch environments"
    TYPE = "type into terminals"
    CREATE = "create environments"
    CONTROL = "start and stop environments"
    CHANGE = "change environments"
    DELETE = "delete environments"
    MANAGE_USERS = "manage users"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is on the other side, as the token and the store say; times are epoch seconds."""

    user_id: str
    email: str
    role: Role
    expires_at: float


_VIEWER: Final = frozenset({Action.WATCH})
_DEVELOPER: Final = _VIEWER | {
    Action.TYPE,
    Action.CREATE,
    Action.CONTROL,
    Action.CHANGE,
    Action.DELETE,
}

ALLOWED: Final[dict[Role, frozenset[Action]]] = {
    "viewer": _VIEWER,
    "developer": _DEVELOPER,
    "admin": frozenset(Action),
}
"""What each role may do, with its own environments where an action is about one."""

ALLOWED_WITH_SHARED: Final = frozenset({Action.WATCH, Action.TYPE})
"""What one may do with a shared environment of somebody else, as far as one's role goes."""


def sees(identity: Identity, environment: Environment) -> bool:
    """Whether one may know of the environment at all: the own, the shared, an admin all."""
    return (
        identity.role == "admin" or environment.shared or environment.owner_id == identity.user_id
    )


def may(identity: Identity, action: Action, environment: Environment | None = None) -> bool:
    """Whether `identity` may do that, with an environment where the action is about one."""
    if action not in ALLOWED[identity.role]:
        return False
    if environment is None or identity.role == "admin":
        return True
    if environment.owner_id == identity.user_id:
        return True
    return environment.shared and action in ALLOWED_WITH_SHARED


def require(identity: Identity, action: Action, environment: Environment | None = None) -> None:
    """Let pass who may.

    Raises:
        EnvironmentNotFoundError: one may not know of it.
        ForbiddenError: one may know of it, and not do that.
    """
    if environment is not None and not sees(identity, environment):
        raise EnvironmentNotFoundError(environment.id)
    if not may(identity, action, environment):
        whose = "" if action not in ALLOWED[identity.role] else " that belong to somebody else"
        raise ForbiddenError(f"You may not {action.value}{whose}", role=identity.role)
