"""What the program measures of itself, for Prometheus (``GET /metrics``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from monitor.ports import JSON
from monitor.writer.health import Counts


class Measures(Collector):
    """Reads the service's own counts when it is asked; costs the hot path nothing."""

    def __init__(self, counts: Counts, health: Callable[[], JSON]) -> None:
        self._counts = counts
        self._health = health
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)

    def describe(self) -> list[Metric]:
        """Nothing is known before the parts run."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The present figures."""
        counts = self._counts
        totals = {
            "readings_received": (counts.received, "Readings decoded"),
            "readings_duplicate": (counts.duplicates, "Readings that the log had already"),
            "readings_committed": (counts.appended, "Readings committed to the log"),
            "readings_judged": (counts.judged, "Readings committed, acknowledged and judged"),
            "items_rejected": (counts.rejected, "Messages or items not taken"),
            "events": (counts.events, "Lot and unit events received"),
            "batches": (counts.batches, "Batches committed"),
            "excursion_versions": (counts.excursion_changes, "Versions of excursions recorded"),
        }
        for name, (value, text) in totals.items():
            yield CounterMetricFamily(f"exosome_monitor_{name}", text, value=value)
        health = self._health()
        for part in ("broker", "store", "influx", "judging", "alerting", "housekeeping", "dead_man"):
            if part not in health:
                continue
            text = f"Whether the {part.replace('_', ' ')} is all right (1) or not (0)"
            yield GaugeMetricFamily(f"exosome_monitor_{part}_ok", text, value=float(health[part]["ok"]))
        owed = health["alerting"].get("owed", 0)
        yield GaugeMetricFamily(
            "exosome_monitor_messages_owed", "Messages owed and not delivered", value=owed
        )
        for key in ("behind_readings", "behind_facts"):
            if key in health["influx"]:
                text = "What InfluxDB doesn't have yet"
                yield GaugeMetricFamily(f"exosome_monitor_influx_{key}", text, value=health["influx"][key])
