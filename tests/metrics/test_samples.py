"""What an environment uses, from pushed states and from fetched histories."""

from vibebox_tui.metrics.samples import Usage
from vibebox_tui.protocol.messages import EnvironmentStatus
from vibebox_tui.protocol.models import EnvironmentStats, Sample

NOW = 1_760_000_000.0


def status(cpu: float | None, memory: float | None, state: str = "running") -> EnvironmentStatus:
    return EnvironmentStatus("e", state, None, cpu, memory)


def test_a_state_without_values_makes_them_unknown_but_keeps_their_course():
    usage = Usage()
    usage.take_status(status(41.0, 310.0), NOW)
    usage.take_status(status(None, None, "stopped"), NOW + 1)
    assert (usage.present_cpu, usage.present_memory) == (None, None)
    assert not usage.is_running
    assert usage.cpu.latest == 41.0
    assert usage.seen_at == NOW + 1


def test_history_and_limits_come_from_the_stats():
    usage = Usage(cpu_limit=9)
    usage.take_status(status(20.0, 100.0), NOW)
    history = [
        Sample(int(NOW * 1000) - 4000, 10.0, 50.0),
        Sample(int(NOW * 1000) - 2000, None, 60.0),
    ]
    usage.take_stats(EnvironmentStats("e", 20.0, 100.0, 2.0, 4096, history))
    assert (usage.cpu_limit, usage.memory_limit) == (2.0, 4096)
    assert (len(usage.cpu), len(usage.memory)) == (2, 3)
    assert usage.cpu.latest == 20.0


def test_a_full_bar_is_the_limit_or_what_leaves_room():
    usage = Usage()
    assert (usage.cpu_top, usage.memory_top) == (100.0, 1.0)
    usage.take_status(status(150.0, 80.0), NOW)
    assert (usage.cpu_top, usage.memory_top) == (200.0, 100.0)
    limited = Usage(cpu_limit=0.5, memory_limit=512)
    assert (limited.cpu_top, limited.memory_top) == (50.0, 512.0)
