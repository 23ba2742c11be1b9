"""Disks and the service process, by SNMP."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.check import SnmpFacts
from kodeks_exporter.metrics.families import Of
from kodeks_exporter.store.live import LiveStatus


def families(status: LiveStatus) -> Iterator[Metric]:
    of, result = Of(status.round.installation), status.round.results.get("snmp")
    if result is None or not isinstance(facts := result.facts, SnmpFacts):
        return
    free, size = ([((disk.partition,), getattr(disk, part)) for disk in facts.disks] for part in ("free", "size"))
    yield of.gauge("kodeks_disk_free_bytes", "Free space of a partition.", "partition", free)
    yield of.gauge("kodeks_disk_size_bytes", "Size of a partition.", "partition", size)
    running = (((process,), runs) for process, runs in facts.processes.items())
    yield of.gauge("kodeks_process_running", "Whether a process of the service is running.", "process", running)
