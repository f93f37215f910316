"""Why a server can't be reached, in words for people."""

import errno
import socket
import ssl
from typing import Final

_ERRNO_WORDS: Final = {
    errno.ECONNREFUSED: "nobody listens there",
    errno.ENOENT: "there is no such socket",
    errno.EACCES: "this user may not open it",
    errno.EPERM: "this user may not open it",
    errno.ECONNRESET: "the connection was reset",
    errno.EPIPE: "the connection was reset",
    errno.EHOSTUNREACH: "no route to that host",
    errno.ENETUNREACH: "the network is unreachable",
    errno.ETIMEDOUT: "no answer",
    errno.EMFILE: "too many open files here",
}
"""What the system's own error numbers mean in this place."""


def reason_of(error: BaseException) -> str:
    """The innermost cause that has a meaning of its own, in a few words."""
    found = str(error) or type(error).__name__
    cause: BaseException | None = error
    for _ in range(10):
        if cause is None:
            break
        found = _words(cause) or found
        cause = cause.__cause__ or cause.__context__
    return found


def _words(cause: BaseException) -> str | None:
    if isinstance(cause, BaseExceptionGroup):
        return reason_of(cause.exceptions[0])
    if isinstance(cause, socket.gaierror):
        return "its host name can't be resolved"
    if _is_end_of_handshake(cause):
        return "it broke TLS off without a word; it may want a client certificate"
    if isinstance(cause, TimeoutError):
        return str(cause) or "no answer in time"
    if isinstance(cause, EOFError):
        return "the connection was closed before an answer came"
    if isinstance(cause, OSError):
        return _os_words(cause)
    return None


def _is_end_of_handshake(cause: BaseException) -> bool:
    """Whether a peer left amid TLS's handshake: in asyncio's words a reset without a number."""
    is_bare_reset = isinstance(cause, ConnectionResetError) and cause.errno is None
    return is_bare_reset or isinstance(cause, ssl.SSLEOFError)


def _os_words(cause: OSError) -> str | None:
    """asyncio joins several addresses' failures into one `OSError` without a number."""
    if cause.errno in _ERRNO_WORDS:
        return _ERRNO_WORDS[cause.errno]
    text = str(cause)
    if "Multiple exceptions" in text and f"[Errno {errno.ECONNREFUSED}]" in text:
        return _ERRNO_WORDS[errno.ECONNREFUSED]
    return cause.strerror or text or None
