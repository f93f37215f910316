"""Bulk work and keys, in one event loop."""

import asyncio

import pytest

from vibebox_tui.ui.keys_first import GRACE, KeysFirst


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited for, in place of waiting."""
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", note)
    return waits


async def test_bulk_work_only_lets_others_run_while_nobody_types(clock: list[float]) -> None:
    await KeysFirst().give_way()
    assert clock == [0.0]


async def test_bulk_work_waits_after_a_key(clock: list[float]) -> None:
    keys = KeysFirst()
    keys.note_key()
    await keys.give_way()
    assert GRACE / 2 < clock[0] <= GRACE
