"""What of the machine a container may be given, and by whose wish."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from vibebox_tui.server.auth import ForbiddenError
from vibebox_tui.server.runtimes.docker.definition import ContainerOptions, Mount

_OPEN_NETWORKS: Final = ("host", "container", "ns")
"""Network modes, up to a colon, that lead into what isn't the container's own."""

_HARMLESS: Final = frozenset({"tmpfs", "volume"})
"""Types of mounts that need nothing of the machine: volumes as long as they have no name."""


class MountPolicy(NamedTuple):
    """Which `paths` of the machine may be mounted, with what is below; None: any.

    Unless `by_anyone`, only admins may mount them, and volumes that have a name.
    """

    paths: tuple[Path, ...] | None = None
    by_anyone: bool = False


def check_permission(options: ContainerOptions, policy: MountPolicy, *, by_admin: bool) -> None:
    """Let pass what may be asked for. Raises ForbiddenError, with a sentence.

    Links are followed: what counts is where a path leads at this moment.
    """
    network = (options.network_mode or "").partition(":")[0]
    if network in _OPEN_NETWORKS and not by_admin:
        raise ForbiddenError(f"container: only an admin may use the network {network!r}")
    for source in _sources(options):
        if not by_admin and not policy.by_anyone:
            raise ForbiddenError(
                f"container: only an admin may mount {source}: this server wasn't told otherwise"
            )
        if policy.paths is not None and not _is_below(source, policy.paths):
            allowed = ", ".join(str(path) for path in policy.paths) or "nothing"
            raise ForbiddenError(f"container: {source} can't be mounted here, only {allowed}")


def _sources(options: ContainerOptions) -> Iterator[str]:
    """What is to be mounted that isn't the container's own: paths, and names of volumes."""
    for bind in options.binds or []:
        source, colon, _ = bind.partition(":")
        if colon:
            yield source
    for mount in options.mounts or []:
        if not _is_own(mount):
            yield mount.source or f"a {mount.type}"


def _is_own(mount: Mount) -> bool:
    driver = mount.volume_options and mount.volume_options.driver_config
    return mount.type in _HARMLESS and not mount.source and not driver


def _is_below(source: str, paths: tuple[Path, ...]) -> bool:
    if not source.startswith("/"):
        return False
    real = Path(os.path.realpath(source))
    return any(real.is_relative_to(os.path.realpath(path)) for path in paths)
