"""Traces: from an HTTP call through Temporal to SQL, sent where OTEL_EXPORTER_OTLP_ENDPOINT says, if it says anything.

No trace holds what people wrote: statements go without their parameters, calls by their routes, errors by their types.
"""

import os
from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.status import Status
from temporalio.contrib.opentelemetry import TracingInterceptor

_WHERE = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_MAY_BE_PERSONAL = frozenset(
    {
        *("client.address", "client.port", "network.peer.address", "network.peer.port"),
        *("http.request.method_original", "server.address", "url.path", "url.query", "user_agent.original"),
    }
)
"""Attributes in which callers may have written anything, or that tell who they are. The route says what was called."""
_TYPE = "exception.type"


class WithoutPersonal(SpanExporter):
    """Sends spans on without what may be personal; of errors, only their types: what they say may repeat a value."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Send on to another exporter."""
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans."""
        return self._exporter.export([_without_personal(span) for span in spans])

    def shutdown(self) -> None:
        """End."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits to be sent."""
        return self._exporter.force_flush(timeout_millis)


def _without_personal(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in (span.attributes or {}).items() if name not in _MAY_BE_PERSONAL},
        events=[_bare(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _bare(event: Event) -> Event:
    kept = {name: value for name, value in (event.attributes or {}).items() if name == _TYPE}
    return Event(event.name, kept, event.timestamp)


def wanted() -> bool:
    """Return whether anybody says where traces go."""
    return any(os.environ.get(name) for name in _WHERE)


def configure(service: str) -> None:
    """Trace what this process does from now on, under the name of a service, if anybody wants it."""
    if not wanted():
        return
    provider = TracerProvider(resource=Resource.create({"service.name": service, "service.namespace": "kawal"}))
    provider.add_span_processor(BatchSpanProcessor(WithoutPersonal(OTLPSpanExporter())))
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
