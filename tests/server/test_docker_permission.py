"""Who may give a container what of the machine."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conftest import StartServer
from vibebox_tui.server.auth import ForbiddenError
from vibebox_tui.server.runtimes.docker.definition import ContainerOptions
from vibebox_tui.server.runtimes.docker.permission import MountPolicy, check_permission
from vibebox_tui.server.settings import DockerSettings

ADMINS_ONLY = MountPolicy()


def asks(policy: MountPolicy = ADMINS_ONLY, *, by_admin: bool = False, **fields: Any) -> None:
    options = msgspec.convert(fields, ContainerOptions)
    check_permission(options, policy, by_admin=by_admin)


MACHINE: list[dict[str, Any]] = [
    {"Binds": ["/etc:/etc"]},
    {"Binds": ["others-data:/data"]},
    {"Mounts": [{"Type": "bind", "Source": "/etc", "Target": "/etc"}]},
    {"Mounts": [{"Type": "volume", "Source": "others-data", "Target": "/data"}]},
    {
        "Mounts": [
            {
                "Type": "volume",
                "Target": "/data",
                "VolumeOptions": {"DriverConfig": {"Options": {"o": "bind", "device": "/"}}},
            }
        ]
    },
    {"NetworkMode": "host"},
    {"NetworkMode": "container:other"},
]
"""Ways to something that isn't the container's own."""

OWN: list[dict[str, Any]] = [
    {},
    {"Binds": ["/data"]},
    {"Tmpfs": {"/scratch": ""}},
    {"Mounts": [{"Type": "tmpfs", "Target": "/scratch"}]},
    {"Mounts": [{"Type": "volume", "Target": "/data"}]},
    {"NetworkMode": "bridge", "PortBindings": {"80/tcp": [{"HostPort": "8080"}]}},
]


@pytest.mark.parametrize("fields", MACHINE)
def test_what_is_the_machines_is_for_admins(fields: dict[str, Any]) -> None:
    with pytest.raises(ForbiddenError, match="only an admin may"):
        asks(**fields)
    asks(by_admin=True, **fields)


@pytest.mark.parametrize("fields", OWN)
def test_what_is_the_containers_own_is_for_anyone(fields: dict[str, Any]) -> None:
    asks(**fields)


def test_paths_hold_for_admins_too_and_links_are_followed(tmp_path: Path) -> None:
    allowed = tmp_path / "projects"
    (allowed / "api").mkdir(parents=True)
    (allowed / "way-out").symlink_to("/etc")
    policy = MountPolicy((allowed,), by_anyone=True)
    asks(policy, Binds=[f"{allowed}/api:/srv:ro"])
    asks(policy, Binds=[f"{allowed}:/srv"])
    for source in ("/etc", f"{allowed}-too", f"{allowed}/../other", f"{allowed}/way-out", "volume"):
        for by_admin in (False, True):
            with pytest.raises(ForbiddenError, match="can't be mounted here, only"):
                asks(policy, by_admin=by_admin, Binds=[f"{source}:/srv"])


@pytest.mark.parametrize(
    "mount",
    [
        {"type": "bind", "source": "/", "Type": "tmpfs", "Target": "/x"},
        {"Type": "image", "Source": "x", "Target": "/x"},
        {"Type": "volume", "Target": "/x", "VolumeOptions": {"driverconfig": {}}},
    ],
)
def test_other_spellings_are_no_way_round(mount: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        asks(Mounts=[mount])


async def test_a_developer_is_refused_and_an_admin_is_not(start_server: StartServer) -> None:
    server = await start_server()
    mounts = {"Binds": ["/etc:/etc:ro"]}
    request = {"name": "box", "runtime": "docker", "baseImage": "any", "container": mounts}
    async with server.http("developer") as developer, server.http() as admin:
        refused = await developer.post("/environments", json=request)
        assert refused.status_code == 403
        assert "only an admin may mount /etc" in refused.json()["message"]
        assert (await admin.post("/environments", json=request)).status_code == 201
        plain = {"name": "plain", "runtime": "docker", "baseImage": "any"}
        made = (await developer.post("/environments", json=plain)).json()
        change = {"container": mounts}
        changed = await developer.patch(f"/environments/{made['id']}", json=change)
        assert changed.status_code == 403
        given = await admin.patch(f"/environments/{made['id']}", json=change)
        assert given.status_code == 200
        renamed = await developer.patch(f"/environments/{made['id']}", json={"name": "other"})
        assert renamed.status_code == 200, "what an admin has given stays"


async def test_developers_may_where_the_server_was_told_so(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = await start_server(
        docker=DockerSettings(mount_paths=(tmp_path,), mounts_by="developers")
    )
    async with server.http("developer") as developer:
        for source, status in ((tmp_path, 201), ("/etc", 403)):
            container = {"Binds": [f"{source}:/srv"]}
            request = {"name": f"{status}", "runtime": "docker", "baseImage": "any"}
            answer = await developer.post("/environments", json=request | {"container": container})
            assert answer.status_code == status, answer.text


async def test_a_server_may_have_containers_only(start_server: StartServer) -> None:
    server = await start_server(runtimes=("docker",))
    async with server.http("developer") as developer:
        refused = await developer.post("/environments", json={"name": "x", "command": ["id"]})
    assert refused.status_code == 400
    assert "this server has no local, only docker" in refused.json()["message"]
