"""What can go wrong inside of the server, with the facts that a route or a frame answers with."""

from typing import Any, ClassVar

from vibebox_tui.errors import VibeBoxError


class ServerError(VibeBoxError):
    """A request can't be done; `details` go to the peer, `kind` and `status` into an answer."""

    kind: ClassVar[str] = "InternalError"
    """The `error` of a REST answer."""

    status: ClassVar[int] = 500
    """The HTTP status of a REST answer."""

    passes: ClassVar[bool] = False
    """Whether it may pass by itself, so that trying again later is worth it."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


class NotFoundError(ServerError):
    """Something with this id doesn't exist, or not for who asked."""

    kind = "NotFound"
    status = 404


class EnvironmentNotFoundError(NotFoundError):
    """There is no such environment."""

    def __init__(self, environment_id: str) -> None:
        super().__init__("Environment not found", environmentId=environment_id)
        self.environment_id = environment_id


class SessionNotFoundError(NotFoundError):
    """There is no such session, or it has ended and been forgotten."""

    def __init__(self, session_id: str) -> None:
        super().__init__("Session not found", sessionId=session_id)
        self.session_id = session_id


class UserNotFoundError(NotFoundError):
    """There is no such user."""

    def __init__(self, user_id: str) -> None:
        super().__init__("User not found", userId=user_id)
        self.user_id = user_id


class ConflictError(ServerError):
    """The state of things forbids it now."""

    kind = "Conflict"
    status = 409


class InvalidRequestError(ServerError):
    """What was asked for makes no sense; the message names the field and what would do."""

    kind = "BadRequest"
    status = 400


class StartFailedError(InvalidRequestError):
    """A command could not be started: it, its directory or a permission is missing."""


class NoRoomError(StartFailedError):
    """What runs environments has no room for it now."""

    kind = "InsufficientStorage"
    status = 507
    passes = True


class StartCalledOffError(ConflictError):
    """Somebody stopped an environment before it ran."""


class StoreError(ServerError):
    """The store refused: the disk is full, the file is damaged or from a newer version."""


class RuntimeAwayError(ServerError):
    """What runs environments can't be reached now: no engine, or it has gone."""

    kind = "Unavailable"
    status = 503
    passes = True


class EngineError(ServerError):
    """The container engine refused; `code` is the HTTP status that it answered with."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class KeeperError(ServerError):
    """The process that owns what runs can't be started, has gone, or doesn't answer."""
