"""Access tokens: what is believed, and above all what isn't."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import RSAAlgorithm

from vibebox_tui.server.auth import UnauthorizedError
from vibebox_tui.server.settings import JwtSettings, Secret
from vibebox_tui.server.tokens import Tokens

SECRET = "a secret for tests, long enough for HS256"


def tokens(**settings: Any) -> Tokens:
    return Tokens(Secret(SECRET), JwtSettings(**settings))


def claims(**more: Any) -> dict[str, Any]:
    return {"userId": "u1", "exp": int(time.time()) + 3600} | more


def pem(key: Any) -> str:
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return str(public.decode())


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


async def test_its_own_tokens_are_believed() -> None:
    ours = tokens()
    said = await ours.verify(ours.issue("u1"))
    assert said.user_id == "u1"
    assert said.expires_at == pytest.approx(time.time() + 15 * 60, abs=2)


async def test_the_user_is_user_id_or_else_sub() -> None:
    token = jwt.encode({"sub": "u2", "exp": int(time.time()) + 3600}, SECRET, "HS256")
    assert (await tokens().verify(token)).user_id == "u2"
    token = jwt.encode(claims(sub="u2"), SECRET, "HS256")
    assert (await tokens().verify(token)).user_id == "u1"


@pytest.mark.parametrize(
    ("payload", "secret", "reason"),
    [
        (claims(exp=int(time.time()) - 120), SECRET, "expired"),
        ({"userId": "u1"}, SECRET, "not valid"),
        (claims(), "another secret, as long as the right one", "not valid"),
        ({"exp": int(time.time()) + 3600}, SECRET, "names no user"),
        (claims(nbf=int(time.time()) + 3600), SECRET, "not valid"),
    ],
)
async def test_what_is_not_believed(payload: dict[str, Any], secret: str, reason: str) -> None:
    with pytest.raises(UnauthorizedError, match=reason):
        await tokens().verify(jwt.encode(payload, secret, "HS256"))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ey.ey.ey", "\x00", "é.é.é"])
async def test_garbage_is_not_believed(token: str) -> None:
    with pytest.raises(UnauthorizedError):
        await tokens().verify(token)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS384", "HS512"])
async def test_the_token_doesnt_choose_its_algorithm(algorithm: str) -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    token = f"{head.decode()}.{body.decode()}."
    with pytest.raises(UnauthorizedError):
        await tokens().verify(token)


async def test_a_public_key_is_no_secret(rsa_key: rsa.RSAPrivateKey) -> None:
    """The classic confusion: HS256 with the RS256 public key as its secret."""
    import hashlib
    import hmac

    public = pem(rsa_key)
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    signature = hmac.new(public.encode(), head + b"." + body, hashlib.sha256).digest()
    token = b".".join([head, body, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()
    with pytest.raises(UnauthorizedError):
        await tokens(public_key=public).verify(token)


async def test_another_issuers_key_is_believed_beside_our_own(rsa_key: rsa.RSAPrivateKey) -> None:
    both = tokens(public_key=pem(rsa_key))
    foreign = jwt.encode(claims(role="viewer", email="a@b.c"), rsa_key, "RS256")
    said = await both.verify(foreign)
    assert (said.user_id, said.role, said.email) == ("u1", "viewer", "a@b.c")
    assert (await both.verify(both.issue("u9"))).user_id == "u9"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
)
async def test_elliptic_keys_are_believed(algorithm: str, key: Any) -> None:
    token = jwt.encode(claims(), key, algorithm)
    assert (await tokens(public_key=pem(key)).verify(token)).user_id == "u1"


async def test_a_key_for_one_algorithm_verifies_no_other(rsa_key: rsa.RSAPrivateKey) -> None:
    strict = tokens(public_key=pem(rsa_key), algorithms=("ES256",))
    with pytest.raises(UnauthorizedError):
        await strict.verify(jwt.encode(claims(), rsa_key, "RS256"))


async def test_issuer_and_audience_are_required_where_they_are_set() -> None:
    strict = tokens(issuer="us", audience="vibebox")
    right = jwt.encode(claims(iss="us", aud="vibebox"), SECRET, "HS256")
    assert (await strict.verify(right)).user_id == "u1"
    assert (await strict.verify(strict.issue("u1"))).user_id == "u1"
    for wrong in ({"iss": "them", "aud": "vibebox"}, {"iss": "us", "aud": "else"}, {}):
        with pytest.raises(UnauthorizedError):
            await strict.verify(jwt.encode(claims(**wrong), SECRET, "HS256"))


class _KeySet(BaseHTTPRequestHandler):
    keys: list[dict[str, Any]]

    def do_GET(self) -> None:
        body = json.dumps({"keys": self.keys}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def key_set_url(rsa_key: rsa.RSAPrivateKey) -> Iterator[str]:
    key = json.loads(RSAAlgorithm.to_jwk(rsa_key.public_key()))
    handler = type("KeySet", (_KeySet,), {"keys": [key | {"kid": "k1", "use": "sig"}]})
    with HTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/keys"
        http.shutdown()
        thread.join()


async def test_keys_come_from_a_key_set(key_set_url: str, rsa_key: rsa.RSAPrivateKey) -> None:
    by_url = tokens(jwks_url=key_set_url)
    token = jwt.encode(claims(), rsa_key, "RS256", headers={"kid": "k1"})
    assert (await by_url.verify(token)).user_id == "u1"
    unknown = jwt.encode(claims(), rsa_key, "RS256", headers={"kid": "k2"})
    with pytest.raises(UnauthorizedError):
        await by_url.verify(unknown)


async def test_a_key_set_that_is_unreachable_lets_nobody_in(rsa_key: rsa.RSAPrivateKey) -> None:
    by_url = tokens(jwks_url="http://127.0.0.1:1/keys")
    token = jwt.encode(claims(), rsa_key, "RS256", headers={"kid": "k1"})
    with pytest.raises(UnauthorizedError):
        await asyncio.wait_for(by_url.verify(token), 10)


def test_a_secret_isnt_shown() -> None:
    assert SECRET not in repr(Secret(SECRET))
    assert SECRET not in f"{Secret(SECRET)}"
