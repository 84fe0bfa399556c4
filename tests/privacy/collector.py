"""A collector of traces as OpenTelemetry has it, over real HTTP, that keeps what it is sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gateway.serve import serving
from local.ports import LOOPBACK, free_port


@dataclass(frozen=True)
class Span:
    """One span as it was sent."""

    service: str
    name: str
    trace: bytes


@dataclass
class Collector:
    """What was sent so far."""

    url: str
    raw: list[bytes] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        """All spans, in the order in which they came."""
        return [span for body in self.raw for span in _spans(body)]

    def of_trace_of(self, name: str) -> list[Span]:
        """Return all spans of the trace in which a span of this name is."""
        traces = {span.trace for span in self.spans if span.name == name}
        assert traces, f"no span is called {name}: {sorted({span.name for span in self.spans})}"
        return [span for span in self.spans if span.trace in traces]


def _spans(body: bytes) -> list[Span]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        Span(_service(of_resource), span.name, span.trace_id)
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def _service(of_resource: object) -> str:
    attributes = of_resource.resource.attributes  # type: ignore[attr-defined]
    return str(next(one.value.string_value for one in attributes if one.key == "service.name"))


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Collect traces for as long as this lasts."""
    port = free_port()
    collector = Collector(f"http://{LOOPBACK}:{port}")
    app = FastAPI()

    @app.post("/v1/traces")
    async def take(request: Request) -> Response:
        collector.raw.append(await request.body())
        return Response(media_type="application/x-protobuf")

    async with serving(app, LOOPBACK, port):
        yield collector
