"""Bulk work and keys, in one event loop."""

import asyncio
from time import monotonic

from vibebox_tui.ui.keys_first import FRAME, PATIENCE, KeysFirst


async def test_bulk_work_only_lets_others_run_while_nobody_types() -> None:
    ran: list[str] = []
    asyncio.get_running_loop().call_soon(ran.append, "another")
    await KeysFirst().give_way()
    assert ran == ["another"]


async def test_bulk_work_waits_until_a_key_has_had_its_effect_and_that_is_drawn() -> None:
    keys = KeysFirst()
    keys.came()
    waiting = asyncio.create_task(keys.give_way())
    await asyncio.sleep(PATIENCE / 5)
    assert not waiting.done()
    keys.settled()
    settled_at = monotonic()
    await waiting
    assert monotonic() - settled_at >= FRAME


async def test_a_key_without_an_effect_is_waited_for_no_longer_than_that() -> None:
    keys = KeysFirst()
    keys.came()
    began = monotonic()
    await keys.give_way()
    assert monotonic() - began >= PATIENCE
    keys.came()
    began = monotonic()
    await keys.give_way()
    assert monotonic() - began >= PATIENCE, "each is waited for"


async def test_a_key_is_under_way_until_its_effect_or_the_end_of_patience() -> None:
    keys = KeysFirst()
    assert not keys.is_under_way
    keys.came()
    assert keys.is_under_way
    keys.settled()
    assert not keys.is_under_way
    keys.came()
    await asyncio.sleep(PATIENCE)
    assert not keys.is_under_way
