"""TLS: whom to trust, what to show, and what went wrong in a sentence."""

import ssl
from collections.abc import Iterator
from typing import Final

from vibebox_tui.client.settings import ClientSettings
from vibebox_tui.errors import UsageError

_VERIFY_SENTENCES: Final = {
    9: "its certificate is not valid yet; check the clocks of both machines",
    10: "its certificate has expired; it has to be renewed there",
    18: "its certificate is self-signed; give it as ca_file if you trust it",
    19: "its certificate comes from an authority unknown here; give that one's as ca_file",
    20: "its certificate comes from an authority unknown here; give that one's as ca_file",
    21: "it doesn't send the certificate of its authority; give that one's as ca_file",
    23: "its certificate has been revoked",
    62: "its certificate is for another host name",
    64: "its certificate is for another address",
}
"""What OpenSSL's verification codes (X509_V_ERR_…) mean to somebody who has to act."""

_REASON_SENTENCES: Final = {
    "WRONG_VERSION_NUMBER": "it doesn't speak TLS there; try http:// in place of https://",
    "HTTP_REQUEST": "it doesn't speak TLS there; try http:// in place of https://",
    "RECORD_LAYER_FAILURE": "it doesn't speak TLS there; try http:// in place of https://",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "it doesn't trust our client certificate",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it wants a client certificate, or other ciphers than ours",
    "TLSV1_ALERT_PROTOCOL_VERSION": "no TLS version suits both sides",
    "UNSUPPORTED_PROTOCOL": "it only speaks a TLS version that is no longer safe",
}
"""What OpenSSL's own reasons mean."""


def tls_context(settings: ClientSettings) -> ssl.SSLContext:
    """What connections are made with: the system's trust, or `ca_file` alone where it is set.

    Raises:
        UsageError: a file of the settings can't be read or isn't what it should be.
    """
    context = _trusting(settings)
    if settings.client_certificate is not None:
        try:
            context.load_cert_chain(settings.client_certificate, settings.client_key)
        except (OSError, ssl.SSLError) as error:
            reason = _file_reason(error, "it doesn't hold a certificate and its key in PEM form")
            raise UsageError(
                f"cannot use the client certificate {settings.client_certificate}: {reason}"
            ) from error
    return context


def no_tls() -> ssl.SSLContext:
    """What trusts nobody, for connections without TLS: reading whom to trust takes a while."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def tls_sentence(error: BaseException) -> str | None:
    """What is wrong with TLS, if that is what `error` or one of its causes is about."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _VERIFY_SENTENCES.get(
                cause.verify_code, f"its certificate isn't trusted: {cause.verify_message}"
            )
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            reason = cause.reason or "unknown reason"
            return _REASON_SENTENCES.get(reason, f"TLS failed: {reason.replace('_', ' ').lower()}")
    return None


def _trusting(settings: ClientSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        reason = _file_reason(error, "it doesn't hold certificates in PEM form")
        raise UsageError(f"cannot use the CA file {settings.ca_file}: {reason}") from error


def _file_reason(error: OSError, otherwise: str) -> str:
    """Why a PEM file is no good; an `ssl.SSLError` is an `OSError` without a useful `strerror`."""
    if isinstance(error, ssl.SSLError):
        return otherwise
    return error.strerror or otherwise


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it came from, innermost last."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
