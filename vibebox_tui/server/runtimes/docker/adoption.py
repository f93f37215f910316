"""Containers that were there before us, as environments."""

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.runtimes.docker.definition import OWNER_LABEL
from vibebox_tui.server.runtimes.docker.moments import nanoseconds
from vibebox_tui.server.runtimes.docker.wire import Container, ContainerSummary
from vibebox_tui.server.times import iso_time

Adopted = Literal["all", "labelled", "none"]
"""Which of the running containers are shown: all, those that ask for it by label, or none."""

ADOPT_LABEL: Final = "vibebox.adopt"
"""The label by which a container asks to be shown; any value but `false` and `0`."""

_NAMESPACE: Final = uuid.UUID("8a0c4d3e-5d7f-4c0b-9a49-0d1c7d3b6f25")
"""From which the ids of adopted environments come: the same name is the same environment."""

_PROJECT: Final = ("com.docker.compose.project", "io.podman.compose.project")
_SERVICE: Final = ("com.docker.compose.service", "io.podman.compose.service")
_NUMBER: Final = "com.docker.compose.container-number"

_MIB: Final = 1024 * 1024
_NANO: Final = 1_000_000_000


def is_wanted(container: ContainerSummary, adopted: Adopted) -> bool:
    """Whether a container is to be shown as an environment; our own are environments already."""
    labels = container.labels or {}
    if adopted == "none" or OWNER_LABEL in labels:
        return False
    asks = labels.get(ADOPT_LABEL)
    if adopted == "labelled":
        return asks is not None and asks.lower() not in ("false", "0")
    return asks is None or asks.lower() not in ("false", "0")


def in_order(found: Iterable[ContainerSummary]) -> list[ContainerSummary]:
    """As a list of environments has them: the oldest first, those of a project behind the others.

    So they are numbered in the order in which they are seen.
    """
    by_age = sorted(found, key=lambda container: (container.created, container.names))
    projects = dict.fromkeys(["", *(_label(each.labels or {}, _PROJECT) for each in by_age)])
    places = {project: place for place, project in enumerate(projects)}
    return sorted(by_age, key=lambda each: places[_label(each.labels or {}, _PROJECT)])


def adopted_id(name: str) -> str:
    """The id of the environment for the container of that name, however often it is made anew."""
    return str(uuid.uuid5(_NAMESPACE, name.lstrip("/")))


def adopted_environment(container: Container, *, read_only: bool) -> Environment:
    """What is found, as an environment."""
    project, service = _label(container.labels, _PROJECT), _label(container.labels, _SERVICE)
    host = container.host_config
    created = nanoseconds(container.created)
    return Environment(
        id=adopted_id(container.name),
        name=_name(container, project, service),
        description=f"container {container.name.lstrip('/')}",
        group=project,
        runtime="docker",
        adopted=True,
        read_only=read_only,
        base_image=container.config.image or None,
        command=_command(container),
        working_directory=container.config.working_dir or None,
        environment_variables=_variables(container),
        cpu_limit=_cores(container),
        memory_limit=host.memory // _MIB or None,
        container_id=container.id,
        created_at=None if created is None else iso_time(created // 1_000_000),
        container=_facts(container),
    )


def _name(container: Container, project: str, service: str) -> str:
    if not (project and service):
        return container.name.lstrip("/")
    number = container.labels.get(_NUMBER, "1")
    several = f"-{number}" if re.fullmatch(r"\d+", number) and number != "1" else ""
    return f"{project}/{service}{several}"


def _command(container: Container) -> list[str]:
    entrypoint = container.config.entrypoint or []
    if isinstance(entrypoint, str):
        entrypoint = [entrypoint]
    return [*entrypoint, *(container.config.cmd or [])]


def _variables(container: Container) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in container.config.env or [])
    return {name: value for name, _, value in pairs if name}


def _cores(container: Container) -> float | None:
    host = container.host_config
    if host.nano_cpus > 0:
        return host.nano_cpus / _NANO
    if host.cpu_quota > 0 and host.cpu_period > 0:
        return host.cpu_quota / host.cpu_period
    return None


def _facts(container: Container) -> dict[str, object]:
    """What only containers have, under Docker's own names, where there is any of it."""
    facts = {
        "Name": container.name.lstrip("/"),
        "Labels": container.labels,
        "User": container.config.user,
        "Tty": container.config.tty,
        "Mounts": container.mounts,
        "PortBindings": container.network_settings.ports,
    }
    return {name: fact for name, fact in facts.items() if fact}


def _label(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((labels[name] for name in names if name in labels), "")
