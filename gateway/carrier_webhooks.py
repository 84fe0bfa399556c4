"""What a carrier tells by webhooks: verified, kept, told to whom it concerns. Nothing is lost.

A carrier repeats a webhook until it is answered with 2xx, and every step may be repeated: what is kept is kept once,
and whoever is told takes it once. So 2xx is answered when all steps are done, and a repeat goes through them again.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog
from standardwebhooks import Webhook, WebhookVerificationError
from temporalio.client import Client
from temporalio.service import RPCError

from carriers.meaning import meant
from carriers.protocol import CarrierUnreadableError
from carriers.said import SaidEvent, SaidReceipt, SaidWebhook, parsed, read
from gateway.telling import signal, tell
from runtime.temporal import TemporalAwayError
from schemas.carrier import DECISIVE
from schemas.money import Money, MoneyKind
from schemas.service_request import Paid
from storage import database, deliveries, payments, service_requests, tracking, webhooks_taken
from storage.tracking import Via
from storage.webhooks_taken import Taken

_log = structlog.get_logger("carrier")

_SECONDS_UNTIL_BACK = 5
_STALE = ("too old", "too new")
"""How the library says that a webhook was signed over five minutes ago, or will be."""


@dataclass(frozen=True)
class Answer:
    """What a carrier hears upon a webhook."""

    status: int
    says: str
    retry_after: int | None = None
    """Seconds."""


TAKEN = Answer(200, "taken")
TAKEN_BEFORE = Answer(200, "taken before")
NOT_OURS = Answer(200, "of no concern")
FORGED = Answer(401, "forged")
STALE = Answer(401, "stale")
UNKNOWN = Answer(404, "unknown order")
OTHER_BODY = Answer(409, "another webhook came with this id")
AWAY = Answer(503, "away", retry_after=_SECONDS_UNTIL_BACK)


class CarrierWebhooks:
    """Takes a carrier's webhooks, over one Temporal client and one database pool."""

    def __init__(self, client: Client, pool: database.Pool, secrets: Iterable[str]) -> None:
        """Say with which secrets (`whsec_...`) webhooks may be signed: several, while one is exchanged."""
        self._client = client
        self._pool = pool
        self._signers = [Webhook(secret) for secret in secrets]

    async def take(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Take a webhook in the form of Standard Webhooks; return what the carrier is to hear, after logging it."""
        webhook_id = headers.get("webhook-id", "")
        log = _log.bind(webhook_id=webhook_id if re.fullmatch(r"[\w.:-]{1,100}", webhook_id, re.ASCII) else None)
        try:
            answer = self._doubt(headers, body) or await self._heed(webhook_id, body)
        except CarrierUnreadableError as problem:
            answer = Answer(422, str(problem))
        except (RPCError, TemporalAwayError, *database.AWAY) as problem:
            log.warning("something is away, the webhook has to come again", problem=type(problem).__name__)
            return AWAY
        if answer is not TAKEN:
            (log.info if answer.status == 200 else log.warning)("webhook not taken", reason=answer.says)
        return answer

    def _doubt(self, headers: Mapping[str, str], body: bytes) -> Answer | None:
        """Return what speaks against a webhook's coming from the carrier, just now."""
        doubt = FORGED
        for signer in self._signers:
            try:
                signer.verify(body, dict(headers), json_parse=False)
            except WebhookVerificationError as problem:
                doubt = STALE if str(problem).endswith(_STALE) else FORGED
            except ValueError:  # the library lets pass what it stumbles over
                doubt = FORGED
            else:
                return None
        return doubt

    async def _heed(self, webhook_id: str, body: bytes) -> Answer:
        said = read(SaidWebhook, parsed(body))
        taking = webhook_id, hashlib.sha256(body).hexdigest()
        match said.type:
            case "order.event":
                return await self._happened(taking, read(SaidEvent, said.data), said.data)
            case "payment.received":
                return await self._paid(taking, read(SaidReceipt, said.data))
        return NOT_OURS

    async def _happened(self, taking: tuple[str, str], said: SaidEvent, raw: Mapping[str, object]) -> Answer:
        whose = await self._whose(said)
        if whose is None:
            return UNKNOWN
        taken = await webhooks_taken.take(self._pool, *taking)
        if taken is Taken.OTHER_BODY:
            return OTHER_BODY
        delivery_id, number = whose
        kept = [(meant(said, number), raw)]
        news = await tracking.record(self._pool, delivery_id, said.order_id, kept, Via.WEBHOOK)
        untold = [event for event in news if event.scan in DECISIVE]
        if untold:
            await tell(self._client, self._pool, delivery_id, untold)
        return TAKEN if untold or taken is Taken.NEW else TAKEN_BEFORE

    async def _whose(self, said: SaidEvent) -> tuple[str, int] | None:
        """Return the delivery and the number of an order; by its reference while its taking is not committed yet."""
        known = await deliveries.by_order(self._pool, said.order_id)
        if known is not None:
            return known
        named = deliveries.by_reference(said.reference_id)
        return named if named and await deliveries.find(self._pool, named[0]) else None

    async def _paid(self, taking: tuple[str, str], said: SaidReceipt) -> Answer:
        taken = await webhooks_taken.take(self._pool, *taking)
        if taken is Taken.OTHER_BODY:
            return OTHER_BODY
        request = await service_requests.find(self._pool, said.reference_id)
        paid = Paid(payment=said.payment())
        heard = request is not None and await signal(self._client, request.request_id, paid.kind, paid)
        await self._keep(said, request.request_id if request else None)
        if not heard:
            _log.warning("money came for a request that is over, or is none", receipt=said.receipt)
        return TAKEN if taken is Taken.NEW else TAKEN_BEFORE

    async def _keep(self, said: SaidReceipt, request_id: str | None) -> None:
        """Keep money, also of a request that was told: one that ends just then takes it no more.

        When the books are compared, people learn what no request took.
        """
        await payments.record(
            self._pool,
            Money(
                kind=MoneyKind.PAYMENT,
                receipt=said.receipt,
                reference_id=said.reference_id,
                amount=said.amount,
                at=said.paid_at,
                request_id=request_id,
            ),
        )
