"""What the server counts, as Prometheus text."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from vibebox_tui.server.backend import Backend


def render(backend: Backend) -> bytes:
    """The present values; nothing is counted for the sake of it in between."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page(backend))
    return generate_latest(registry)


class _Page(Collector):
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def collect(self) -> Iterator[Metric]:
        """Connections, users and what there is of environments and sessions."""
        service = self._backend.service
        yield GaugeMetricFamily(
            "vibebox_connections", "WebSocket connections", service.client_count
        )
        yield GaugeMetricFamily(
            "vibebox_connected_users", "Users with a connection", len(service.user_ids)
        )
        yield GaugeMetricFamily(
            "vibebox_terminal_sessions",
            "Terminal sessions",
            len(self._backend.sessions.list()),
        )
        room = self._backend.waiting_room
        yield GaugeMetricFamily(
            "vibebox_unauthenticated_connections", "Connections of nobody known", len(room)
        )
        yield CounterMetricFamily(
            "vibebox_unauthenticated_closed",
            "Connections closed before it was known whose they were, to make room",
            room.sent_away,
        )
        yield self._environments()

    def _environments(self) -> Metric:
        states = Counter(env.status for env in self._backend.environments.list())
        family = GaugeMetricFamily(
            "vibebox_environments", "Environments by state", labels=["status"]
        )
        for state, count in states.items():
            family.add_metric([state], count)
        return family
