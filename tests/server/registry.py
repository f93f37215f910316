"""An image registry (OCI distribution, the part for pulling) with one image, on loopback."""

import gzip
import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BUSYBOX = Path("/bin/busybox")

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

_BALLAST = 12 * 1024 * 1024
"""Bytes of the layer that is waited for."""

_FIRST_PART = 4 * 1024 * 1024
"""Bytes of it that come while the gate is closed."""

_PIECE = 256 * 1024


class Registry:
    """Serves `image`: BusyBox, and a second layer whose end is kept back until `gate` is set."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.image = f"{address}/vibebox/pulled:1"
        self.gate = threading.Event()
        self.gate.set()
        self.cut_off = threading.Event()
        """Set when whoever pulled has gone before the end."""
        self._blobs: dict[str, bytes] = {}
        layers = [_layer({"bin/busybox": BUSYBOX.read_bytes()}), _layer({"ballast": _random()})]
        self.slow = _digest(layers[1])
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/busybox", "echo", "from the registry"]},
            "rootfs": {
                "type": "layers",
                "diff_ids": [_digest(gzip.decompress(layer)) for layer in layers],
            },
        }
        encoded = json.dumps(config).encode()
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": self._keep(encoded, _CONFIG),
                "layers": [self._keep(layer, _LAYER) for layer in layers],
            }
        ).encode()

    def blob(self, digest: str) -> bytes | None:
        """What has this digest."""
        return self._blobs.get(digest)

    def _keep(self, blob: bytes, media_type: str) -> dict[str, object]:
        self._blobs[_digest(blob)] = blob
        return {"mediaType": media_type, "size": len(blob), "digest": _digest(blob)}


@contextmanager
def registry() -> Iterator[Registry]:
    """A registry that runs until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        served = Registry(f"127.0.0.1:{server.server_address[1]}")
        server.registry = served  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            served.gate.set()
            server.shutdown()
            thread.join()


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def registry(self) -> Registry:
        served: Registry = self.server.registry  # type: ignore[attr-defined]
        return served

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        kind, _, reference = self.path.rpartition("/")
        if self.path.rstrip("/") == "/v2":
            self._answer(b"{}", "application/json")
        elif kind.endswith("/manifests"):
            self._answer(self.registry.manifest, _MANIFEST)
        elif (blob := self.registry.blob(reference)) is not None:
            self._answer(blob, "application/octet-stream", slowly=reference == self.registry.slow)
        else:
            self.send_error(404)

    def _answer(self, body: bytes, media_type: str, *, slowly: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", _digest(body))
        self.end_headers()
        if self.command == "GET":
            self._send(body, slowly=slowly)

    def _send(self, body: bytes, *, slowly: bool) -> None:
        try:
            for start in range(0, len(body), _PIECE):
                if slowly and start >= _FIRST_PART and not self.registry.gate.is_set():
                    self._wait_for_the_gate()
                self.wfile.write(body[start : start + _PIECE])
        except OSError:
            self.registry.cut_off.set()
            self.close_connection = True

    def _wait_for_the_gate(self) -> None:
        """Wait, but see if whoever pulls has gone. Raises ConnectionError."""
        self.connection.settimeout(0.05)
        while not self.registry.gate.is_set():
            try:
                if not self.connection.recv(1):
                    raise ConnectionError
            except TimeoutError:
                pass
        self.connection.settimeout(None)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def _layer(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), compresslevel=1)


def _random() -> bytes:
    return os.urandom(_BALLAST)


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"
