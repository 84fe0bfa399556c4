"""Where backend systems say whereto events of their channel are sent, and look after what did not arrive."""

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import Field

from domain.access import relation_to_channel
from gateway.api.guard import Who, check
from gateway.api.keys import KEYED, Key, claimed, id_for
from gateway.api.problems import RESPONSES, ProblemError, field_problem, missing
from gateway.channels import destinations
from gateway.channels.destinations import ForbiddenDestinationError, UnknownHostError
from gateway.kawal import Here, Kawal
from schemas.access import Action, Caller, CallerRole, Relation
from schemas.base import Model
from schemas.webhooks import Outgoing, OutgoingState, Subscribing, Subscription
from storage import webhook_subscriptions, webhooks_out

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Id = Annotated[
    str,
    Path(pattern="^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$", description="of the webhook", examples=["wh-1f0c2a9e5b7d4c36"]),
]
Number = Annotated[int, Path(ge=1, le=2**62, description="of what was sent, as the list of deliveries has it")]
_USUAL: dict[int | str, dict[str, Any]] = {status: RESPONSES[status] for status in (401, 403, 404, 422, 503)}


_WANTED = {
    "all": {"summary": "All that happens", "value": {"url": "https://example.org/kawal"}},
    "some": {
        "summary": "Escalations alone",
        "value": {"url": "https://example.org/kawal", "kinds": ["id.kawal.case.escalated"]},
    },
}


class Subscribed(Subscription):
    """A webhook, and what its events are signed with."""

    secret: str | None = Field(
        description="whsec_...: shown this once; none: this call was made before, and the secret was shown then"
    )


class NewSecret(Model):
    """What events are signed with from now on; the secret before signs, too, for a day."""

    secret: str = Field(description="whsec_...: shown this once")


@router.post(
    "",
    operation_id="subscribeWebhook",
    summary="Have events sent to an address",
    status_code=201,
    responses={
        200: {"model": Subscribed, "description": "It was made before with this key: without its secret"},
        **_USUAL,
        **{status: RESPONSES[status] for status in (400, 409)},
    },
    openapi_extra=KEYED,
)
async def subscribe(
    kawal: Here,
    caller: Who,
    key: Key,
    given: Annotated[Subscribing, Body(openapi_examples=_WANTED)],
    response: Response,
) -> Subscribed:
    """Have what happens to cases, requests and deliveries of a channel sent to an address, as signed CloudEvents."""
    channel = given.channel if caller.role is CallerRole.POLICY_ADMIN else given.channel or caller.channel
    check(caller, Action.MANAGE_WEBHOOKS, _relation(caller, channel), "channel")
    asked = {"route": "POST /v1/webhooks", "body": given.model_dump(mode="json")}
    new_id = f"wh-{secrets.token_hex(8)}"
    async with claimed(kawal.pool, caller, key, asked, new_id) as webhook_id:
        if made_before := await webhook_subscriptions.find(kawal.pool, webhook_id):
            response.status_code = 200
            return Subscribed(**dict(made_before), secret=None)
        await _check_url(given.url)
        wanted = given.model_copy(update={"channel": channel})
        made, secret = await _made(kawal, caller, webhook_id, wanted)
    response.headers["Location"] = f"/v1/webhooks/{made.id}"
    return Subscribed(**dict(made), secret=secret)


async def _check_url(url: str) -> None:
    try:
        await destinations.from_environment().check(url)
    except (ForbiddenDestinationError, UnknownHostError) as error:
        raise field_problem(422, "url", str(error)) from error


async def _made(kawal: Kawal, caller: Caller, webhook_id: str, wanted: Subscribing) -> tuple[Subscription, str]:
    try:
        return await webhook_subscriptions.subscribe(
            kawal.pool, webhook_id, wanted, owner=caller.id, now=datetime.now(UTC)
        )
    except webhook_subscriptions.TooManyError as error:
        raise ProblemError(409, str(error)) from error


def _relation(caller: Caller, channel: str | None) -> Relation:
    return Relation.OTHER if channel is None else relation_to_channel(caller, channel, None)


async def _theirs(kawal: Kawal, caller: Caller, webhook_id: str) -> Subscription:
    """Return a webhook that the caller may manage. Raises `ProblemError` 403 or 404."""
    found = await webhook_subscriptions.find(kawal.pool, webhook_id)
    if found is None:
        check(caller, Action.MANAGE_WEBHOOKS, _relation(caller, caller.channel), "webhook")
        raise missing("webhook")
    check(caller, Action.MANAGE_WEBHOOKS, _relation(caller, found.channel), "webhook")
    return found


@router.get("", operation_id="listWebhooks", summary="Show where events are sent to", responses=_USUAL)
async def listing(kawal: Here, caller: Who) -> list[Subscription]:
    """Show the webhooks of the caller's channel, the oldest first; all of them to who may manage all."""
    check(caller, Action.MANAGE_WEBHOOKS, _relation(caller, caller.channel), "webhook")
    return await webhook_subscriptions.listing(kawal.pool, caller.channel)


@router.get("/{webhook_id}", operation_id="getWebhook", summary="Show one webhook", responses=_USUAL)
async def one(kawal: Here, caller: Who, webhook_id: Id) -> Subscription:
    """Show where events are sent to, and since when they are not taken, if so. Never the secret."""
    return await _theirs(kawal, caller, webhook_id)


@router.delete(
    "/{webhook_id}",
    operation_id="removeWebhook",
    summary="Send nothing there any more",
    status_code=204,
    responses=_USUAL,
)
async def remove(kawal: Here, caller: Who, webhook_id: Id) -> None:
    """Send nothing there any more; what had not arrived yet is forgotten."""
    await _theirs(kawal, caller, webhook_id)
    await webhook_subscriptions.remove(kawal.pool, webhook_id)


@router.post("/{webhook_id}/pause", operation_id="pauseWebhook", summary="Send nothing for now", responses=_USUAL)
async def pause(kawal: Here, caller: Who, webhook_id: Id) -> Subscription:
    """Send nothing for now. What happens meanwhile waits, for 90 days at most."""
    await _theirs(kawal, caller, webhook_id)
    await webhook_subscriptions.pause(kawal.pool, webhook_id, datetime.now(UTC))
    return await _theirs(kawal, caller, webhook_id)


@router.post("/{webhook_id}/resume", operation_id="resumeWebhook", summary="Send again", responses=_USUAL)
async def resume(kawal: Here, caller: Who, webhook_id: Id) -> Subscription:
    """Send again, and at once what was tried in vain, also of a webhook that is not paused."""
    await _theirs(kawal, caller, webhook_id)
    await webhook_subscriptions.resume(kawal.pool, webhook_id, datetime.now(UTC))
    return await _theirs(kawal, caller, webhook_id)


@router.post(
    "/{webhook_id}/rotate-secret", operation_id="rotateSecret", summary="Exchange the secret", responses=_USUAL
)
async def rotate_secret(kawal: Here, caller: Who, webhook_id: Id) -> NewSecret:
    """Exchange what events are signed with. For a day they are signed with the secrets before, too."""
    await _theirs(kawal, caller, webhook_id)
    secret = await webhook_subscriptions.rotate(kawal.pool, webhook_id, datetime.now(UTC))
    if secret is None:
        raise missing("webhook")
    return NewSecret(secret=secret)


@router.post(
    "/{webhook_id}/test",
    operation_id="testWebhook",
    summary="Send an event that tells of nothing",
    status_code=202,
    responses={**_USUAL, 400: RESPONSES[400], 409: RESPONSES[409]},
    openapi_extra=KEYED,
)
async def test(kawal: Here, caller: Who, key: Key, webhook_id: Id) -> Outgoing:
    """Send an event of the type id.kawal.ping; whether it has arrived, stands among the deliveries within seconds."""
    webhook = await _theirs(kawal, caller, webhook_id)
    if webhook.paused_at:
        raise ProblemError(409, "the webhook is paused: resume it first")
    return await webhooks_out.ping(kawal.pool, webhook_id, id_for(kawal.pool, caller, key), datetime.now(UTC))


@router.get(
    "/{webhook_id}/deliveries", operation_id="listWebhookDeliveries", summary="Show what was sent", responses=_USUAL
)
async def deliveries(
    kawal: Here,
    caller: Who,
    webhook_id: Id,
    *,
    state: Annotated[OutgoingState | None, Query(description="only those that stand so; dead: given up")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="only those older than this one")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> list[Outgoing]:
    """Show how far events are on their way, the latest first."""
    await _theirs(kawal, caller, webhook_id)
    return await webhooks_out.lines(kawal.pool, subscription=webhook_id, state=state, before=before, limit=limit)


@router.post(
    "/{webhook_id}/deliveries/{number}/resend",
    operation_id="resendWebhookDelivery",
    summary="Send an event again",
    status_code=202,
    responses={**_USUAL, 409: RESPONSES[409]},
)
async def resend(kawal: Here, caller: Who, webhook_id: Id, number: Number) -> Outgoing:
    """Try an event again at once that was not taken; one that was given up is tried as often as a new one."""
    await _theirs(kawal, caller, webhook_id)
    found = await webhooks_out.line(kawal.pool, number)
    if found is None or found.subscription != webhook_id:
        raise missing("delivery")
    again = await webhooks_out.resend(kawal.pool, number, datetime.now(UTC))
    if again is None:
        raise ProblemError(409, "the event was taken already, or is being sent at this moment")
    return again
