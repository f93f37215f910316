"""Error codes, close codes, and what a client does about each (guide, "Error Handling")."""

from enum import Enum, IntEnum, StrEnum


class ErrorCode(StrEnum):
    """The `code` of an `error` message."""

    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    ENV_NOT_FOUND = "ENV_NOT_FOUND"
    SESSION_NOT_FOUND = "SESSION_NOT_FOUND"
    INVALID_MESSAGE = "INVALID_MESSAGE"
    RATE_LIMITED = "RATE_LIMITED"


class CloseCode(IntEnum):
    """The WebSocket close codes that either side sends or has to understand (RFC 6455, 7.4)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    NO_STATUS = 1005
    ABNORMAL = 1006
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403


class Retry(Enum):
    """What a client does after a connection was closed."""

    NEVER = "stay closed"
    REFRESH = "refresh the token once, reconnect once, else ask to log in"
    AGAIN = "reconnect with back-off"


_FINAL = frozenset(
    {
        CloseCode.NORMAL,
        CloseCode.FORBIDDEN,
        CloseCode.POLICY_VIOLATION,
        CloseCode.MESSAGE_TOO_BIG,
    }
)


def retry_after(code: int) -> Retry:
    """Say what a client does after a close with `code`; unknown codes are worth a new attempt."""
    if code == CloseCode.UNAUTHORIZED:
        return Retry.REFRESH
    return Retry.NEVER if code in _FINAL else Retry.AGAIN
