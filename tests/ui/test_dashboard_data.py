import pytest

from tests.conftest import StartServer
from tests.running_server import RunningServer
from tests.support import wait_for
from tests.ui.dashboards import LARGE, MIDDLE, SLEEPING, SMALL, dashboard
from vibebox_tui.ui.screens.dialogs import ChoiceDialog


async def test_environments_have_glyph_word_cpu_and_memory(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="api", start=True)
    await server.create("false", name="db", start=True)
    async with dashboard(server) as shown:
        await wait_for(lambda: shown.states == {"api": "running", "db": "error"})
        await wait_for(lambda: "● running" in shown.picture and "✗ error" in shown.picture)
        await wait_for(lambda: "%" in shown.table.render_line(1).text)
        assert "M" in shown.table.render_line(1).text
        await wait_for(lambda: "●1 ✗1" in shown.status_line)
        assert "!1" in shown.status_line


async def test_the_course_of_cpu_begins_before_the_dashboard_did(server: RunningServer) -> None:
    environment = await server.create(*SLEEPING, name="api", start=True)
    async with server.http() as http:
        path = f"environments/{environment.id}/stats"

        async def has_history() -> bool:
            return len((await http.get(path)).json()["history"]) >= 4

        await wait_for(has_history)
    async with dashboard(server) as shown:  # two statuses at most are pushed in three seconds
        await wait_for(
            lambda: any(len(row.cpu_history) >= 4 for row in shown.screen.rows), timeout=3
        )


@pytest.mark.parametrize(
    ("key", "was_running", "state"),
    [("s", False, "running"), ("S", True, "stopped"), ("R", True, "running")],
)
async def test_one_is_started_at_once_but_stopped_once_confirmed(
    server: RunningServer, key: str, was_running: bool, state: str
) -> None:
    environment = await server.create(*SLEEPING, name="api", start=was_running)
    before = environment.started_at
    async with dashboard(server) as shown:
        await shown.listed("api")
        await shown.press(key)
        if key != "s":
            await wait_for(lambda: isinstance(shown.app.screen, ChoiceDialog))
            await wait_for(lambda: "api?" in shown.picture)
            await shown.press("tab", "enter")
        await wait_for(lambda: shown.states["api"] == state)
        now = await shown.client.rest.environment(environment.id)
        assert now.status == state
        assert key == "S" or now.started_at != before


async def test_enter_on_a_question_does_no_harm(server: RunningServer) -> None:
    environment = await server.create(*SLEEPING, name="api", start=True)
    async with dashboard(server) as shown:
        await wait_for(lambda: shown.states.get("api") == "running")
        for key in ("S", "R", "D"):
            await shown.press(key, "enter")
            await wait_for(lambda: shown.app.screen is shown.screen)
        now = await shown.client.rest.environment(environment.id)
        assert (now.status, now.started_at) == ("running", environment.started_at)


async def test_marked_environments_are_stopped_together(server: RunningServer) -> None:
    for name in ("api", "web", "db"):
        await server.create(*SLEEPING, name=name, start=True)
    async with dashboard(server) as shown:
        await shown.listed("api", "web", "db")
        await shown.press("space", "space", "S")
        await wait_for(lambda: "Stop 2 environments?" in shown.picture)
        await shown.press("tab", "enter")
        await wait_for(
            lambda: shown.states == {"api": "stopped", "web": "stopped", "db": "running"}
        )


async def test_an_environment_is_deleted_and_its_neighbour_shown(server: RunningServer) -> None:
    for name in ("api", "web"):
        await server.create(*SLEEPING, name=name)
    async with dashboard(server) as shown:
        await shown.listed("api", "web")
        await shown.press("D", "tab", "enter")
        await wait_for(lambda: shown.states == {"web": "stopped"})
        await wait_for(lambda: shown.current == "web")


async def test_a_new_environment_is_created_from_the_list(server: RunningServer) -> None:
    async with dashboard(server) as shown:
        await wait_for(lambda: "No environments: n adds one" in shown.picture)
        await shown.press("n")
        await shown.press(*"api", "tab", *"true")
        await shown.press("enter")
        await wait_for(lambda: shown.states == {"api": "stopped"})
        (created,) = await shown.client.rest.environments()
        assert (created.name, created.command) == ("api", ["true"])


async def test_where_nothing_is_wrong_alerts_say_so(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="api", start=True)
    async with dashboard(server) as shown:
        await shown.listed("api")
        await shown.press("exclamation_mark")
        await wait_for(lambda: "Nothing is wrong." in shown.picture)
        assert shown.app.screen is shown.screen


async def test_the_cursor_is_on_what_was_created(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="api", start=True)
    async with dashboard(server) as shown:
        await shown.listed("api")
        await shown.press("n", *"job", "tab", *"true", "enter")
        await wait_for(lambda: "Created job; s starts it" in shown.picture)
        assert shown.table.cursor_row is not None
        assert shown.table.cursor_row.name == "job"


async def test_what_the_server_refuses_is_said(server: RunningServer) -> None:
    await server.create(*SLEEPING, name="api", shared=True)
    async with dashboard(server, user_id="viewer") as shown:
        await shown.listed("api")
        await shown.press("s")
        await wait_for(lambda: "start failed" in shown.picture)
        assert shown.states == {"api": "stopped"}


async def test_what_others_create_and_delete_appears_and_goes(server: RunningServer) -> None:
    async with dashboard(server) as shown:
        environment = await server.create(*SLEEPING, name="api")
        await wait_for(lambda: shown.states == {"api": "stopped"})
        await wait_for(lambda: shown.current == "api")
        await server.server.environments.delete(environment.id)
        await wait_for(lambda: shown.states == {})
        await wait_for(lambda: shown.current == "")


async def test_the_filter_narrows_the_list_until_it_is_cleared(server: RunningServer) -> None:
    for name in ("api", "web", "webhook"):
        await server.create(*SLEEPING, name=name)
    async with dashboard(server) as shown:
        await shown.listed("api", "web", "webhook")
        await shown.press("slash", *"web", "enter")
        await wait_for(lambda: [row.name for row in shown.table.shown] == ["web", "webhook"])
        assert shown.table.has_focus
        await shown.press("escape")
        await wait_for(lambda: len(shown.table.shown) == 3)


async def test_a_lost_server_is_told_and_nothing_is_called_running(
    server: RunningServer,
) -> None:
    await server.create(*SLEEPING, name="api", start=True)
    async with dashboard(server) as shown:
        await wait_for(lambda: shown.states == {"api": "running"})
        await wait_for(lambda: "ok " in shown.status_line)
        await server.stop()
        await wait_for(lambda: shown.states == {"api": "unknown"})
        await wait_for(lambda: "reconnecting" in shown.status_line)
        await wait_for(lambda: "seen" in shown.picture and "ago" in shown.picture)
        await shown.pilot.pause()
        assert "running" not in shown.picture
        assert "?1" in shown.status_line


async def test_a_server_that_comes_back_is_seen_again(start_server: StartServer) -> None:
    first = await start_server()
    port = first.port
    await first.create(*SLEEPING, name="api")
    async with dashboard(first) as shown:
        await wait_for(lambda: shown.states == {"api": "stopped"})
        await first.stop()
        await wait_for(lambda: shown.states == {"api": "unknown"})
        await start_server(port=port)
        await wait_for(lambda: shown.states == {"api": "stopped"}, timeout=20)
        await wait_for(lambda: "ok " in shown.status_line, timeout=5)


async def test_ctrl_r_reconnects_at_once(start_server: StartServer) -> None:
    first = await start_server()
    port = first.port
    async with dashboard(first) as shown:
        await wait_for(lambda: "ok " in shown.status_line)
        await first.stop()
        await wait_for(lambda: "reconnecting" in shown.status_line)
        await start_server(port=port)
        await shown.press("ctrl+r")
        await wait_for(lambda: "ok " in shown.status_line, timeout=5)


async def test_a_refused_token_is_told(server: RunningServer) -> None:
    async with dashboard(server, user_id="nobody-we-know") as shown:
        await wait_for(lambda: "refused" in shown.status_line)
        assert shown.app.is_running


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE])
async def test_details_hide_what_may_be_secret(
    server: RunningServer, size: tuple[int, int]
) -> None:
    variables = {"PORT": "8080", "API_TOKEN": "hunter2", "DB_PASSWORD": "hunter3"}
    await server.create(*SLEEPING, name="api", environment_variables=variables)
    async with dashboard(server, size) as shown:
        await shown.listed("api")
        await shown.press("i")
        await wait_for(lambda: "PORT=8080" in shown.picture)
        assert "API_TOKEN=(hidden)" in shown.picture
        assert "hunter" not in shown.picture


async def test_details_list_the_terminals_that_are_open(server: RunningServer) -> None:
    environment = await server.create(*SLEEPING, name="api", start=True)
    session = await server.open_session(environment.id)
    async with dashboard(server) as shown:
        await shown.listed("api")
        await shown.press("i")
        await wait_for(lambda: f"{session.session_name}  shell  " in shown.picture)
        assert f"pid {session.pid}" in shown.picture
