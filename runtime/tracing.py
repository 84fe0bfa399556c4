"""Traces: from an HTTP call through Temporal to SQL, sent where OTEL_EXPORTER_OTLP_ENDPOINT says, if it says anything.

No trace holds what people wrote: statements go without their parameters, and addresses without their queries.
"""

import os

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from temporalio.contrib.opentelemetry import TracingInterceptor

_WHERE = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_MAY_BE_PERSONAL = ("url.query", "client.address", "client.port", "network.peer.address", "network.peer.port")


class _WithoutPersonal(SpanProcessor):
    """Empties attributes in which callers may have written anything, or that tell who they are."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        for name in _MAY_BE_PERSONAL:
            if span.attributes and name in span.attributes:
                span.set_attribute(name, "")


def wanted() -> bool:
    """Return whether anybody says where traces go."""
    return any(os.environ.get(name) for name in _WHERE)


def configure(service: str) -> None:
    """Trace what this process does from now on, under the name of a service, if anybody wants it."""
    if not wanted():
        return
    provider = TracerProvider(resource=Resource.create({"service.name": service, "service.namespace": "kawal"}))
    provider.add_span_processor(_WithoutPersonal())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    AsyncPGInstrumentor(capture_parameters=False).instrument()  # type: ignore[no-untyped-call]


def interceptors() -> list[TracingInterceptor]:
    """Return what carries traces through Temporal; nothing, if nobody wants them."""
    return [TracingInterceptor()] if wanted() else []


def flush() -> None:
    """Send what waits to be sent: to be called before a process ends without ceremony."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.force_flush(5_000)
