"""The servers whose environments one dashboard shows; each comes, fails and returns on its own."""

from dataclasses import dataclass
from typing import NamedTuple

from vibebox_tui.client.client import Client
from vibebox_tui.client.events import LinkState
from vibebox_tui.protocol.models import Environment


class EnvironmentKey(NamedTuple):
    """Which environment is meant, of all servers: ids are unique at one server only."""

    server: str
    id: str


@dataclass(slots=True, eq=False)
class Server:
    """A server by the `name` that the user has for it; `client` is open already.

    `label` tells its environments from those of other servers, and is empty where there are no
    others. `is_own` is true for a server that this user's dashboards started, where leaving may
    also stop what runs there; `is_throw_away` for the demo's, which ends with the dashboard.
    """

    name: str
    client: Client
    label: str = ""
    is_own: bool = False
    is_throw_away: bool = False


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server as it is to be shown: who we are there, and the link that most needs telling.

    `link` is None before anything is known of it.
    """

    name: str
    user_name: str = ""
    link: LinkState | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a pane is about: an environment, and the server that has it."""

    server: Server
    environment: Environment

    @property
    def key(self) -> EnvironmentKey:
        return EnvironmentKey(self.server.name, self.environment.id)

    @property
    def name(self) -> str:
        """The environment's name, with its server's where there are several."""
        return labelled(self.environment.name, self.server.label)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One of all environments, as a pane that shows several of them sees it."""

    subject: Subject
    is_marked: bool = False


def labelled(name: str, label: str) -> str:
    """An environment's name, with that of its server where there are several."""
    return f"{name} at {label}" if label else name
