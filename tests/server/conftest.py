"""What the server's tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.containers import InsideWithContainers, Outside, require_engine
from tests.server.inside import Inside


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home of its own, and a shell that prints nothing by itself."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.delenv("VIBEBOX_SOCKET", raising=False)


@pytest.fixture
async def inside(short_path: Path) -> AsyncIterator[Inside]:
    """The inside of a server; whatever runs in it is ended after the test."""
    inside = Inside(short_path / "data")
    await inside.open()
    yield inside
    await inside.close()


@pytest.fixture
async def containers(short_path: Path) -> AsyncIterator[InsideWithContainers]:
    """The inside of a server with an engine; its containers are removed after the test."""
    require_engine()
    inside = InsideWithContainers(short_path / "data")
    await inside.open()
    yield inside
    await inside.remove_all()
    await inside.close()


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    """Somebody else at the same engine; what they made is removed after the test."""
    require_engine()
    outside = Outside()
    yield outside
    await outside.close()
