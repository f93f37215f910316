"""What the engine says, as far as it matters here: parts of the Docker Engine API's answers.

Docker and Podman leave out, or say null for, much of what they don't know.
"""

from typing import Any

import msgspec


class Wire(msgspec.Struct, rename="pascal"):
    """A part of an answer under Docker's names; what isn't here is ignored."""


class Component(Wire):
    """A part of the engine; Podman's is named `Podman Engine`."""

    name: str = ""


class Version(Wire):
    """`GET /version`."""

    version: str = ""
    api_version: str = ""
    components: list[Component] | None = None

    @property
    def is_podman(self) -> bool:
        return any(part.name.startswith("Podman") for part in self.components or [])


class Info(Wire):
    """`GET /info`; only Podman says `rootless`."""

    live_restore_enabled: bool = False
    memory_limit: bool = True
    cpu_cfs_quota: bool = True
    cgroup_version: str = ""
    rootless: bool = False

    @property
    def holds_limits(self) -> bool:
        """Whether containers have the limits that they are given; Podman ignores some silently."""
        return self.memory_limit and self.cpu_cfs_quota and self.has_groups

    @property
    def has_groups(self) -> bool:
        """Whether containers have control groups of their own; without, its samples are of others.

        Podman without root can't make them under version 1.
        """
        return not (self.rootless and self.cgroup_version == "1")


class HealthState(Wire):
    """How the container's own check of its health went; empty where there is none."""

    status: str = ""


class ContainerState(Wire):
    """What a container is doing, or how it has ended; times are RFC 3339."""

    running: bool = False
    paused: bool = False
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = msgspec.field(default=False, name="OOMKilled")
    started_at: str = ""
    finished_at: str = ""
    health: HealthState | None = None


class ContainerConfig(Wire):
    """What a container was made to be, inside."""

    image: str = ""
    cmd: list[str] | None = None
    entrypoint: list[str] | str | None = None
    env: list[str] | None = None
    labels: dict[str, str] | None = None
    tty: bool = False
    user: str = ""
    working_dir: str = ""


class HostConfig(Wire):
    """What a container was made to be, outside; memory in bytes, 0 for no limit."""

    memory: int = 0
    nano_cpus: int = 0
    cpu_quota: int = 0
    cpu_period: int = 0


class NetworkSettings(Wire):
    """The ports, `80/tcp` to where each is published."""

    ports: dict[str, list[dict[str, str]] | None] | None = None


class Container(Wire):
    """`GET /containers/{id}/json`."""

    id: str
    name: str = ""
    created: str = ""
    state: ContainerState = msgspec.field(default_factory=ContainerState)
    config: ContainerConfig = msgspec.field(default_factory=ContainerConfig)
    host_config: HostConfig = msgspec.field(default_factory=HostConfig)
    network_settings: NetworkSettings = msgspec.field(default_factory=NetworkSettings)
    mounts: list[dict[str, Any]] | None = None

    @property
    def labels(self) -> dict[str, str]:
        return self.config.labels or {}


class ContainerSummary(Wire):
    """One of `GET /containers/json`; `created` in seconds since the epoch."""

    id: str
    names: list[str] = msgspec.field(default_factory=list)
    labels: dict[str, str] | None = None
    state: str = ""
    created: int = 0


class Created(Wire):
    """The answer to whatever was made."""

    id: str


class Actor(Wire):
    """What an event is about; a container's labels are among its attributes."""

    id: str = msgspec.field(default="", name="ID")
    attributes: dict[str, str] = msgspec.field(default_factory=dict)


class Event(Wire):
    """One of `GET /events`; `action` as in `start`, `die` or `health_status: healthy`."""

    action: str = ""
    actor: Actor = msgspec.field(default_factory=Actor)


class PullDetail(msgspec.Struct):
    """Bytes of a layer."""

    current: int = 0
    total: int = 0


class PullProgress(msgspec.Struct, rename="camel"):
    """One line of a pull; `id` is a layer's, `error` is why there will be no image."""

    status: str = ""
    id: str = ""
    progress_detail: PullDetail | None = None
    error: str = ""


# --- stats, which have names of their own ---------------------------------------------------


class CpuUsage(msgspec.Struct):
    """Nanoseconds of CPU since the start."""

    total_usage: int = 0


class CpuStats(msgspec.Struct):
    cpu_usage: CpuUsage = msgspec.field(default_factory=CpuUsage)


class MemoryStats(msgspec.Struct):
    """Bytes; `stats` are the kernel's own figures, by control group version."""

    usage: int | None = None
    stats: dict[str, int] | None = None


class NetworkStats(msgspec.Struct):
    rx_bytes: int = 0
    tx_bytes: int = 0


class BlockEntry(msgspec.Struct):
    op: str = ""
    value: int = 0


class BlockStats(msgspec.Struct):
    io_service_bytes_recursive: list[BlockEntry] | None = None


class Stats(msgspec.Struct):
    """One of `GET /containers/{id}/stats`; `read` is the time of it, RFC 3339."""

    read: str = ""
    cpu_stats: CpuStats = msgspec.field(default_factory=CpuStats)
    memory_stats: MemoryStats = msgspec.field(default_factory=MemoryStats)
    networks: dict[str, NetworkStats] | None = None
    blkio_stats: BlockStats | None = None
