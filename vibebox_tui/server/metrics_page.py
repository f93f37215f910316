"""What the server counts, as Prometheus text."""

from collections import Counter
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from vibebox_tui.server.backend import Backend
from vibebox_tui.server.states import State

_ENDPOINTS = ("logs", "status", "terminal")
_SENT = ("log", "reply", "status", "terminal")
_DROPPED = ("invalid", "log entries", "rate limited", "statuses", "terminal output")


def render(backend: Backend) -> bytes:
    """The present values."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page(backend))
    return generate_latest(registry)


class _Page(Collector):
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def collect(self) -> Iterator[Metric]:
        """Who is connected, what passes, what there is, and how the server itself is."""
        yield from self._connections()
        yield from self._traffic()
        yield from self._contents()
        yield from self._vitals()

    def _connections(self) -> Iterator[Metric]:
        service, rooms = self._backend.service, (self._backend.queue, self._backend.waiting_room)
        yield _gauges(
            "vibebox_connections",
            "WebSocket connections",
            "endpoint",
            service.clients_by_endpoint,
            _ENDPOINTS,
        )
        yield GaugeMetricFamily(
            "vibebox_connected_users", "Users with a connection", len(service.user_ids)
        )
        yield GaugeMetricFamily(
            "vibebox_unauthenticated_connections",
            "Connections of nobody known",
            sum(len(room) for room in rooms),
        )
        yield CounterMetricFamily(
            "vibebox_unauthenticated_closed",
            "Connections closed before it was known whose they were, to make room",
            sum(room.sent_away for room in rooms),
        )

    def _traffic(self) -> Iterator[Metric]:
        traffic, hub = self._backend.traffic, self._backend.service.hub
        yield CounterMetricFamily(
            "vibebox_messages_received", "Messages from clients", traffic.received
        )
        yield CounterMetricFamily(
            "vibebox_received_bytes", "Bytes of messages from clients", traffic.received_bytes
        )
        yield _counters(
            "vibebox_messages_sent",
            "Messages to clients; of logs, entries",
            "kind",
            traffic.sent,
            _SENT,
        )
        yield CounterMetricFamily(
            "vibebox_sent_bytes", "Bytes of frames to clients", traffic.sent_bytes
        )
        yield _counters(
            "vibebox_dropped",
            "What was not acted on or not delivered, by what it was",
            "what",
            traffic.dropped,
            _DROPPED,
        )
        yield GaugeMetricFamily(
            "vibebox_log_lag_entries", "Entries that the slowest reader is behind", hub.log_lag
        )
        yield GaugeMetricFamily(
            "vibebox_terminal_lag_bytes",
            "Bytes of output that the slowest terminal client is behind",
            hub.terminal_lag,
        )

    def _contents(self) -> Iterator[Metric]:
        states = Counter(env.status for env in self._backend.environments.list())
        yield _gauges(
            "vibebox_environments", "Environments by state", "status", states, tuple(State)
        )
        sessions = Counter(session.status for session in self._backend.sessions.list())
        yield _gauges("vibebox_terminal_sessions", "Terminal sessions", "status", sessions)

    def _vitals(self) -> Iterator[Metric]:
        vitals = self._backend.vitals
        yield GaugeMetricFamily(
            "vibebox_event_loop_delay_seconds", "How late the event loop was", vitals.delay
        )
        yield GaugeMetricFamily(
            "vibebox_event_loop_worst_delay_seconds",
            "How late it was at the worst within the last minute",
            vitals.worst_delay,
        )
        yield GaugeMetricFamily(
            "vibebox_start_time_seconds", "When it was started", self._backend.started_at
        )


def _gauges(
    name: str, text: str, label: str, counts: Mapping[str, int], known: tuple[str, ...] = ()
) -> Metric:
    """A gauge by a label; what is known stands there at 0 too."""
    family = GaugeMetricFamily(name, text, labels=[label])
    for value in sorted({*known, *counts}):
        family.add_metric([value], counts.get(value, 0))
    return family


def _counters(
    name: str, text: str, label: str, counts: Mapping[str, int], known: tuple[str, ...]
) -> Metric:
    """A counter by a label; what is known stands there at 0 too."""
    family = CounterMetricFamily(name, text, labels=[label])
    for value in sorted({*known, *counts}):
        family.add_metric([value], counts.get(value, 0))
    return family
