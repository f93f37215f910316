from vibebox_tui.client.events import LinkPhase, LinkState
from vibebox_tui.protocol.messages import EnvironmentStatus
from vibebox_tui.protocol.models import Environment
from vibebox_tui.ui.roster import HISTORY_SAMPLES, Roster, count_states


def environment(name: str, status: str = "running") -> Environment:
    return Environment(id=f"id-{name}", name=name, status=status)


def roster_of(*names: str) -> Roster:
    roster = Roster()
    roster.replace([environment(name) for name in names], seen_at=100.0)
    return roster


def test_numbers_follow_the_servers_order() -> None:
    assert [(row.number, row.name) for row in roster_of("api", "web").rows()] == [
        (1, "api"),
        (2, "web"),
    ]


def test_a_number_stays_while_its_environment_lives() -> None:
    roster = roster_of("api", "web", "db")
    roster.replace([environment("db"), environment("web"), environment("ml")], seen_at=101.0)
    assert {row.name: row.number for row in roster.rows()} == {"web": 2, "db": 3, "ml": 1}


def test_a_pushed_status_outweighs_a_listing_that_crossed_it() -> None:
    roster = roster_of("api")
    roster.note(EnvironmentStatus("id-api", "stopped"), seen_at=101.0)
    roster.put(environment("api", "running"), seen_at=101.1)
    assert roster.rows()[0].state == "stopped"


def test_no_environment_is_running_while_it_cannot_be_seen() -> None:
    roster = roster_of("api")
    roster.note(EnvironmentStatus("id-api", "running", cpu_usage=41.0), seen_at=101.0)
    for phase in set(LinkPhase) - {LinkPhase.CONNECTED}:
        roster.note_link(LinkState(phase, since=102.0, attempt=1))
        row = roster.rows()[0]
        assert (row.state, row.is_stale, row.cpu, row.seen_at) == ("unknown", True, 41.0, 101.0)


def test_what_is_seen_again_has_its_state_again() -> None:
    roster = roster_of("api")
    roster.note_link(LinkState(LinkPhase.WAITING, since=102.0))
    roster.note_link(LinkState(LinkPhase.CONNECTED, since=103.0))
    assert roster.rows()[0].state == "running"


def test_a_status_of_an_environment_that_is_not_listed_is_ignored() -> None:
    roster = roster_of("api")
    roster.note(EnvironmentStatus("id-gone", "running"), seen_at=101.0)
    assert len(roster.rows()) == 1


def test_the_cpu_history_is_bounded_and_ends_with_the_run() -> None:
    roster = roster_of("api")
    for cpu in range(HISTORY_SAMPLES + 5):
        roster.note(EnvironmentStatus("id-api", "running", cpu_usage=cpu), seen_at=101.0)
    assert len(roster.rows()[0].cpu_history) == HISTORY_SAMPLES
    roster.note(EnvironmentStatus("id-api", "stopped"), seen_at=102.0)
    assert roster.rows()[0].cpu_history == ()


def test_states_are_counted() -> None:
    roster = Roster()
    roster.replace([environment("a"), environment("b"), environment("c", "error")], seen_at=100.0)
    assert count_states(roster.rows()) == {"running": 2, "error": 1}


def test_a_history_stands_before_what_is_pushed_after_it() -> None:
    roster = roster_of("api")
    roster.note(EnvironmentStatus("id-api", "running", cpu_usage=7.0), seen_at=101.0)
    roster.note_history("id-api", [1.0, None, 7.0])
    roster.note(EnvironmentStatus("id-api", "running", cpu_usage=9.0), seen_at=103.0)
    assert roster.rows()[0].cpu_history == (1.0, None, 7.0, 9.0)


def test_what_does_not_run_has_no_history() -> None:
    roster = roster_of("api")
    roster.note(EnvironmentStatus("id-api", "stopped"), seen_at=101.0)
    roster.note_history("id-api", [1.0, 2.0])
    assert roster.rows()[0].cpu_history == ()
