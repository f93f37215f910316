"""Environments in containers, through the Docker Engine API of Docker or Podman."""

from vibebox_tui.server.runtimes.docker.permission import MountPolicy
from vibebox_tui.server.runtimes.docker.runtime import DockerRuntime

__all__ = ["DockerRuntime", "MountPolicy"]
