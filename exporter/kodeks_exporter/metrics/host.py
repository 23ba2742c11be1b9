"""Disks and the service process, by SNMP."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from kodeks_exporter.domain.check import SnmpFacts
from kodeks_exporter.store.live import LiveStatus


def families(status: LiveStatus) -> Iterator[Metric]:
    labels = ["installation", "partition"]
    free = GaugeMetricFamily("kodeks_disk_free_bytes", "Free space of a partition.", labels=labels)
    size = GaugeMetricFamily("kodeks_disk_size_bytes", "Size of a partition.", labels=labels)
    running = GaugeMetricFamily(
        "kodeks_process_running", "Whether a process of the service is running.", labels=["installation", "process"]
    )
    result = status.round.results.get("snmp")
    if result is not None and isinstance(result.facts, SnmpFacts):
        name = status.round.installation
        for disk in result.facts.disks:
            free.add_metric([name, disk.partition], disk.free)
            size.add_metric([name, disk.partition], disk.size)
        for process, runs in result.facts.processes.items():
            running.add_metric([name, process], int(runs))
    return iter((free, size, running))
