"""Kawal over HTTP: the native interface, Open311, the carrier's webhooks, and what keeps watch over them."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from gateway.api import (
    case_list,
    case_personal,
    cases,
    codec,
    complaints,
    deliveries,
    events,
    evidence,
    inbox,
    messages,
    policies,
    problems,
    reads,
    sanctions,
    service_requests,
    services,
    webhooks,
)
from gateway.carrier_routes import carrier_routes
from gateway.carrier_webhooks import CarrierWebhooks
from gateway.kawal import Kawal
from gateway.open311 import routes as open311
from gateway.web import watch
from gateway.web.description import with_problems
from gateway.web.origins import CodecOrigins
from gateway.web.passing import Passing
from gateway.web.rates import Rates
from gateway.web.sizes import Sizes
from runtime.gateway import GatewaySettings

LARGEST_BODY = 1024 * 1024
"""Bytes, unless a route says otherwise."""


class _Interface(FastAPI):
    """Has everything pass through what is around it, also what the framework says by itself."""

    def build_middleware_stack(self) -> ASGIApp:
        longest: float = self.state.longest_seconds
        return Passing(Sizes(super().build_middleware_stack()), longest)

    def openapi(self) -> dict[str, Any]:
        """Return the description of the interface."""
        return with_problems(super().openapi())


def app(
    kawal: Kawal, webhook_secrets: Iterable[str] = (), behaviour: GatewaySettings | None = None, *, traces: bool = False
) -> FastAPI:
    """Return the HTTP interface.

    Args:
        kawal: what routes work with.
        webhook_secrets: any of which may sign the carrier's webhooks.
        behaviour: rates, origins and the time limit; none: the usual ones.
        traces: whether calls are traced; never with what they say.
    """
    behaviour = behaviour or GatewaySettings()
    made = _Interface(
        title="Kawal",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        max_body_size=LARGEST_BODY,
        responses={status: problems.RESPONSES[status] for status in (413, 429, 503, 504)},
        telemetry={"tracing": traces, "metrics": False, "logs": False, "operation_spans": False},
    )
    made.state.kawal, made.state.longest_seconds = kawal, behaviour.longest_seconds
    problems.install(made)
    for router in _routers():
        made.include_router(router)
    made.include_router(carrier_routes(CarrierWebhooks(kawal.client, kawal.pool, webhook_secrets)))
    made.add_middleware(CodecOrigins, origins=behaviour.codec_origins)
    made.add_middleware(Rates, known=behaviour.rate, unknown=behaviour.rate_unknown)
    return made


_ABOUT = (
    "Public complaints and service requests, each carried through to its answer. Errors are RFC 9457 problem details;"
    " every POST takes an Idempotency-Key; who may do what is in docs/access.md."
)


def _routers() -> tuple[APIRouter, ...]:
    return (
        complaints.router,
        case_list.router,
        cases.router,
        case_personal.router,
        messages.router,
        events.router,
        evidence.router,
        open311.router,
        webhooks.router,
        deliveries.router,
        inbox.router,
        policies.router,
        reads.router,
        sanctions.router,
        service_requests.router,
        services.router,
        codec.router,
        watch.router,
    )
