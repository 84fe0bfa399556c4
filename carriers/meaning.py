"""What an event of a carrier means here. What is personal about it stays behind."""

import re
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog
from pydantic import BaseModel, Field, ValidationError

from carriers.protocol import CarrierUnreadableError
from carriers.said import Said, SaidEvent, SaidProof
from carriers.words import REASONS, RELATIONS, SCANS, UNKNOWN_SCAN
from schemas.carrier import CarrierEvent, FailureReason, Scan
from schemas.post import Proof, Temperatures

_log = structlog.get_logger("carrier")

_AHEAD = timedelta(days=1)
"""How far a carrier's clock may be ahead."""

S = TypeVar("S", bound=BaseModel)


class _Place(Said):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


def meant(event: SaidEvent, order: int) -> CarrierEvent:
    """Return what an event means, with the number that its order has in the delivery.

    A word that nobody agreed upon decides nothing: an unknown status counts as UNKNOWN_SCAN and is logged, an unknown
    reason as another one, and whoever took something without a known relation is nobody.

    Raises:
        CarrierUnreadableError: it has not happened yet; it would count as the last thing that did for ever.
    """
    if event.occurred_at > datetime.now(UTC) + _AHEAD:
        raise CarrierUnreadableError("occurred_at: lies in the future: set the clock of whoever tells it")
    proof = event.proof or SaidProof()
    return CarrierEvent(
        event_id=event.event_id,
        order=order,
        scan=_scan(event),
        at=event.occurred_at,
        point=event.point,
        reason=_reason(event),
        relation=RELATIONS.get(proof.relation or ""),
        proofs=_proofs(proof),
        temperatures=_temperatures(proof),
        receipt=event.receipt,
        amount=event.amount,
    )


def _scan(event: SaidEvent) -> Scan:
    if event.status not in SCANS:
        word = event.status if re.fullmatch(r"[a-z_]{1,40}", event.status) else "(unreadable)"
        _log.warning("the carrier tells a status that nobody agreed upon", event_id=event.event_id, status=word)
    return SCANS.get(event.status, UNKNOWN_SCAN)


def _reason(event: SaidEvent) -> FailureReason | None:
    if event.status == "courier_not_found":
        return FailureReason.NO_COURIER
    return None if event.reason is None else REASONS.get(event.reason, FailureReason.OTHER)


def _proofs(proof: SaidProof) -> tuple[Proof, ...]:
    """Return the proofs that are there and can be true."""
    shown = {
        Proof.SIGNATURE: _is_reference(proof.signature),
        Proof.ID_MATCH: proof.id_match is True,
        Proof.FACE_PHOTO: _is_reference(proof.face_photo),
        Proof.PLACE: _is_somewhere(proof.place),
        Proof.TEMPERATURE: _temperatures(proof) is not None,
    }
    return tuple(kind for kind, is_shown in shown.items() if is_shown)


def _is_reference(said: object) -> bool:
    return isinstance(said, str) and bool(said.strip())


def _is_somewhere(said: object) -> bool:
    place = _readable(_Place, said)
    return place is not None and (place.latitude, place.longitude) != (0, 0)  # a device that knows no place says 0, 0


def _temperatures(proof: SaidProof) -> Temperatures | None:
    measured = proof.temperature if isinstance(proof.temperature, dict) else {}
    return _readable(Temperatures, {"lowest": measured.get("min_c"), "highest": measured.get("max_c")})


def _readable(form: type[S], said: object) -> S | None:
    try:
        return form.model_validate(said)
    except ValidationError:
        return None
