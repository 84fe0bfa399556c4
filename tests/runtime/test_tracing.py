"""What leaves in traces: what was done, and how it went; nothing that anybody wrote."""

from contextlib import suppress

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from runtime.tracing import WithoutPersonal

PERSONAL = "Siti-Rahma-0812"


def sent_of_a_call_that_broke() -> ReadableSpan:
    """Return the one span that arrives of a call whose error repeats what was given."""
    arrived, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(WithoutPersonal(arrived)))
    given = {"url.path": f"/{PERSONAL}", "url.query": PERSONAL, "client.address": PERSONAL, "http.route": "/v1/cases"}
    tracer = provider.get_tracer("tests")
    with suppress(ValueError), tracer.start_as_current_span("GET", attributes=given) as span:
        span.set_attribute("user_agent.original", PERSONAL)
        raise ValueError(f"is no number: {PERSONAL}")
    [sent] = arrived.get_finished_spans()
    return sent


def test_a_span_tells_nothing_that_a_caller_wrote() -> None:
    assert PERSONAL not in sent_of_a_call_that_broke().to_json()


def test_a_span_tells_what_was_called_and_which_error_it_ended_with() -> None:
    sent = sent_of_a_call_that_broke()
    assert dict(sent.attributes or {}) == {"http.route": "/v1/cases"}
    assert not sent.status.is_ok
    assert [(event.name, dict(event.attributes or {})) for event in sent.events] == [
        ("exception", {"exception.type": "ValueError"})
    ]
    assert sent.start_time is not None
    assert sent.end_time is not None
    assert sent.end_time >= sent.start_time
