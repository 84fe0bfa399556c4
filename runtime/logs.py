"""Structured logs: JSON lines for machines, readable lines on a terminal. Never what people wrote."""

import logging
import os
import sys

import structlog
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)


def configure(*, level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records, Temporal's among them, to standard error in one form."""
    readable = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    render = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log addresses with payment codes in them


def forward_native_logs() -> None:
    """Hand what Temporal's native core logs to Python's logging: by itself, it writes to standard output.

    Where KAWAL_SDK_METRICS (host:port) says so, the core also answers Prometheus there: task latencies, slots, polls.
    To be called before the first client is made.
    """
    filtering = TelemetryFilter(core_level="WARN", other_level="ERROR")
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporalio.core"))
    listening = os.environ.get("KAWAL_SDK_METRICS", "").strip()  # host:port
    metrics = PrometheusConfig(bind_address=listening) if listening else None
    logging_ = LoggingConfig(filter=filtering, forwarding=forwarding)
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=logging_, metrics=metrics)))
