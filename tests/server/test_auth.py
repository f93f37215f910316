"""Who may do what."""

import pytest

from vibebox_tui.protocol.models import Environment, Role
from vibebox_tui.server.auth import Action, ForbiddenError, Identity, may, require, sees
from vibebox_tui.server.errors import EnvironmentNotFoundError

OWN = Environment("1", "own", owner_id="me")
SHARED = Environment("2", "shared", owner_id="other", shared=True)
FOREIGN = Environment("3", "foreign", owner_id="other")


def identity(role: Role) -> Identity:
    return Identity("me", "me@example.com", role, 0.0)


_W, _T, _C = Action.WATCH, Action.TYPE, Action.CREATE
_REST = {Action.CONTROL, Action.CHANGE, Action.DELETE}

TABLE: list[tuple[Role, Environment | None, set[Action]]] = [
    ("viewer", None, {_W}),
    ("viewer", OWN, {_W}),
    ("viewer", SHARED, {_W}),
    ("viewer", FOREIGN, set()),
    ("developer", None, {_W, _T, _C} | _REST),
    ("developer", OWN, {_W, _T, _C} | _REST),
    ("developer", SHARED, {_W, _T}),
    ("developer", FOREIGN, set()),
    ("admin", None, set(Action)),
    ("admin", OWN, set(Action)),
    ("admin", SHARED, set(Action)),
    ("admin", FOREIGN, set(Action)),
]


@pytest.mark.parametrize(("role", "environment", "allowed"), TABLE)
def test_who_may_do_what(role: Role, environment: Environment | None, allowed: set[Action]) -> None:
    assert {action for action in Action if may(identity(role), action, environment)} == allowed


def test_one_sees_the_own_and_the_shared_and_an_admin_all() -> None:
    seen = [env.name for env in (OWN, SHARED, FOREIGN) if sees(identity("viewer"), env)]
    assert seen == ["own", "shared"]
    assert all(sees(identity("admin"), env) for env in (OWN, SHARED, FOREIGN))


def test_what_one_may_not_know_of_is_not_found() -> None:
    with pytest.raises(EnvironmentNotFoundError):
        require(identity("developer"), Action.WATCH, FOREIGN)


def test_what_one_may_know_of_and_not_do_is_forbidden_with_the_reason() -> None:
    with pytest.raises(ForbiddenError, match="that belong to somebody else"):
        require(identity("developer"), Action.DELETE, SHARED)
    with pytest.raises(ForbiddenError, match=r"may not type into terminals$"):
        require(identity("viewer"), Action.TYPE, OWN)
