"""What can go wrong between here and a server.

ClientError
├── UnreachableError        nobody answers there, or not in time
│   └── TlsError            somebody answers, but the certificate or TLS itself is at fault
├── ApiError                an answer that is no success
├── UnexpectedAnswerError   an answer that is not what this route answers
├── RefusedError            a WebSocket was refused for good
└── CredentialsError        no token can be had
    └── LoginRequiredError  only the user can help: log in again
"""

from typing import Any

from vibebox_tui.errors import VibeBoxError


class ClientError(VibeBoxError):
    """Something failed between here and a server."""


class UnreachableError(ClientError):
    """Nobody answers at `address`, or not in time, or only that it is too busy.

    `retry_after` is how many seconds a busy server asks to be left alone; else 0.
    """

    def __init__(self, address: str, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(f"cannot reach {address}: {reason}")
        self.address = address
        self.reason = reason
        self.retry_after = retry_after


class TlsError(UnreachableError):
    """The server's certificate isn't trusted, or TLS itself failed."""


class ApiError(ClientError):
    """The server answered with `status`, the kind of `error`, and a `message` for people.

    `retry_after` is in seconds, where the server gave it.
    """

    def __init__(
        self,
        status: int,
        error: str,
        message: str,
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.details = details or {}
        self.retry_after = retry_after


class UnexpectedAnswerError(ClientError):
    """The server answered something that is not what this route answers."""


class RefusedError(ClientError):
    """The server refused a connection or a subscription for good.

    `code` is the close code or the error code that said so.
    """

    def __init__(self, message: str, code: int | str) -> None:
        super().__init__(message)
        self.code = code


class CredentialsError(ClientError):
    """No token can be had."""


class LoginRequiredError(CredentialsError):
    """No token can be had without the user, who has to log in again."""
