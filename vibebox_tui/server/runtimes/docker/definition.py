"""An environment as a container: what the engine is asked to make of it."""

import hashlib
from typing import Any, Final, Literal

import msgspec

from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.errors import InvalidRequestError

OWNER_LABEL: Final = "vibebox.environment"
"""The label of our containers with their environment's id."""

DEFINITION_LABEL: Final = "vibebox.definition"
"""The label that tells whether a container is still what its environment is defined to be."""

_MIB: Final = 1024 * 1024


class VolumeOptions(
    msgspec.Struct, rename="pascal", forbid_unknown_fields=True, omit_defaults=True
):
    """How a volume of a mount is made; a driver may make it of anything."""

    no_copy: bool = False
    labels: dict[str, str] | None = None
    driver_config: dict[str, Any] | None = None


class Mount(msgspec.Struct, rename="pascal", forbid_unknown_fields=True, omit_defaults=True):
    """One of `Mounts`; without an unknown name, which an engine may take for a known one."""

    type: Literal["bind", "volume", "tmpfs"]
    target: str
    source: str = ""
    read_only: bool = False
    consistency: str = ""
    bind_options: dict[str, Any] | None = None
    volume_options: VolumeOptions | None = None
    tmpfs_options: dict[str, Any] | None = None


class ContainerOptions(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    """An environment's `container`: what only containers have, under Docker's own names.

    What gives a container power over its machine (`Privileged`, devices, capabilities, the
    host's process ids) can't be asked for.
    """

    labels: dict[str, str] = msgspec.field(default_factory=dict)
    entrypoint: list[str] | None = None
    user: str | None = None
    hostname: str | None = None
    tty: bool = False
    open_stdin: bool = False
    stop_signal: str | None = None
    stop_timeout: int | None = None
    exposed_ports: dict[str, dict[str, Any]] | None = None
    healthcheck: dict[str, Any] | None = None
    mounts: list[Mount] | None = None
    binds: list[str] | None = None
    tmpfs: dict[str, str] | None = None
    port_bindings: dict[str, list[dict[str, str]]] | None = None
    network_mode: str | None = None
    extra_hosts: list[str] | None = None
    dns: list[str] | None = None
    restart_policy: dict[str, Any] | None = None
    shm_size: int | None = None
    pids_limit: int | None = None
    init: bool | None = None


_HOST_FIELDS: Final = frozenset(
    {
        "Mounts", "Binds", "Tmpfs", "PortBindings", "NetworkMode", "ExtraHosts", "Dns",
        "RestartPolicy", "ShmSize", "PidsLimit", "Init",
    }
)  # fmt: skip
"""What of the options the engine takes in its `HostConfig`."""


def options(environment: Environment) -> ContainerOptions:
    """The environment's `container`. Raises InvalidRequestError."""
    try:
        return msgspec.convert(environment.container or {}, ContainerOptions)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"container: {error}", field="container") from error


def check(environment: Environment) -> ContainerOptions:
    """Its options. Raises InvalidRequestError where no engine could ever make this."""
    if not environment.base_image or environment.base_image != environment.base_image.strip():
        raise InvalidRequestError(
            "baseImage: an environment in a container needs the name of an image", field="baseImage"
        )
    directory = environment.working_directory
    if directory is not None and not directory.startswith("/"):
        raise InvalidRequestError(
            f"workingDirectory: {directory} is not an absolute path", field="workingDirectory"
        )
    for name in environment.environment_variables:
        if not name or "=" in name or "\0" in name:
            raise InvalidRequestError(
                f"environmentVariables: {name!r} is no name of a variable",
                field="environmentVariables",
            )
    return options(environment)


def creation(environment: Environment) -> dict[str, Any]:
    """The body of `POST /containers/create`, with labels that tell whose it is and of what."""
    given: dict[str, Any] = msgspec.to_builtins(options(environment))
    given = {name: value for name, value in given.items() if value is not None}
    host = {name: given.pop(name) for name in _HOST_FIELDS & given.keys()}
    if environment.memory_limit is not None:
        host["Memory"] = environment.memory_limit * _MIB
        host["MemorySwap"] = host["Memory"]  # no swap: a limit is a limit
    if environment.cpu_limit is not None:
        host["NanoCpus"] = round(environment.cpu_limit * 1_000_000_000)
    body = given | {
        "Image": environment.base_image,
        "Env": [f"{name}={value}" for name, value in environment.environment_variables.items()],
        "HostConfig": host,
    }
    if environment.command:
        body["Cmd"] = environment.command
    if environment.working_directory is not None:
        body["WorkingDir"] = environment.working_directory
    ports = host.get("PortBindings")
    if ports:  # the command line does the same: a published port is an exposed one
        body["ExposedPorts"] = {port: {} for port in ports} | body.get("ExposedPorts", {})
    body["Labels"] = given["Labels"] | {
        OWNER_LABEL: environment.id,
        DEFINITION_LABEL: _fingerprint(body),
    }
    return body


def container_name(environment: Environment) -> str:
    """What the container is called: readable, and unlike any other's."""
    return f"vibebox-{environment.slug or 'environment'}-{environment.id[:8]}"


def _fingerprint(body: dict[str, Any]) -> str:
    encoded = msgspec.json.encode(body, order="sorted")
    return hashlib.sha256(encoded).hexdigest()[:16]
