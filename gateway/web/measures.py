"""What is measured, for Prometheus: how calls go, and how full the desks are. Never by person, case or address."""

import math

from prometheus_client import CollectorRegistry, Gauge, Histogram, PlatformCollector, ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

CALLS = Histogram(
    "kawal_http_seconds",
    "How long calls took, by route and status",
    ("method", "route", "status"),
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
UNDER_WAY = Gauge("kawal_http_under_way", "Calls that are being answered", registry=REGISTRY)
OPEN_CASES = Gauge("kawal_open_cases", "Open cases, by status", ("status",), registry=REGISTRY)
OVERDUE_CASES = Gauge("kawal_overdue_cases", "Open cases whose present deadline has passed", registry=REGISTRY)
NOT_STARTED = Gauge("kawal_complaints_not_started", "Accepted over a minute ago, and no case yet", registry=REGISTRY)
DEAD_LETTERS = Gauge("kawal_dead_letters", "What could not be delivered, by kind", ("kind",), registry=REGISTRY)


def forget_desks() -> None:
    """Say nothing of desks any more, rather than what was true once."""
    OPEN_CASES.clear()
    DEAD_LETTERS.clear()
    OVERDUE_CASES.set(math.nan)
    NOT_STARTED.set(math.nan)


forget_desks()
