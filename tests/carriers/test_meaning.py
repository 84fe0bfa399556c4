"""What the carrier's words mean, and what of them goes on to a workflow."""

import re
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from carriers.meaning import meant
from carriers.protocol import CarrierUnreadableError
from carriers.said import SaidEvent, SaidOrder, parsed, read
from carriers.words import REASONS, RELATIONS, SCANS
from schemas.carrier import DECISIVE, CarrierEvent, FailureReason, Relation, Scan
from schemas.post import Proof, Temperatures

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "carrier-api.md"
PROOF = {
    "relation": "owner",
    "id_match": True,
    "signature": "signature-1",
    "face_photo": "photo-1",
    "place": {"latitude": -5.4, "longitude": 105.3},
    "temperature": {"min_c": 3.1, "max_c": 7},
    "offline": False,
}


def said(**fields: Any) -> dict[str, Any]:
    """Return an event as a carrier tells it."""
    return {
        "event_id": "ev_1",
        "order_id": "or_1",
        "reference_id": "req-7-d1.1",
        "waybill": "P26112200017",
        "status": "delivered",
        "occurred_at": "2026-11-22T10:04:05+07:00",
        "point": "35200",
        "reason": None,
        "proof": None,
        "receipt": None,
        "amount": None,
    } | fields


def understood(**fields: Any) -> CarrierEvent:
    return meant(read(SaidEvent, said(**fields)), 1)


def proven(**changes: Any) -> CarrierEvent:
    return understood(proof=PROOF | changes)


def words_of(name: str) -> set[str]:
    """Return the words that the document allows for a field of an event."""
    found = re.search(rf"`{name}`[^`]*?\bone\s+of `([a-z_\s]+)`", DOCUMENT.read_text())
    assert found
    return set(found[1].split())


def test_every_status_and_reason_of_the_document_has_a_meaning_and_no_other_has() -> None:
    assert set(SCANS) == words_of("status")
    assert set(REASONS) == words_of("reason")


@pytest.mark.parametrize(
    ("status", "scan"),
    [
        ("confirmed", Scan.CONFIRMED),
        ("allocated", Scan.ALLOCATED),
        ("picking_up", Scan.PICKING_UP),
        ("picked", Scan.POSTED),
        ("departed", Scan.DEPARTED),
        ("arrived", Scan.ARRIVED),
        ("at_office", Scan.AT_DELIVERY_OFFICE),
        ("dropping_off", Scan.OUT_FOR_DELIVERY),
        ("delivery_failed", Scan.FAILED),
        ("on_hold", Scan.HELD),
        ("delivered", Scan.DELIVERED),
        ("proof_added", Scan.PROVEN),
        ("return_in_transit", Scan.RETURNING),
        ("returned", Scan.RETURNED),
        ("lost", Scan.LOST),
        ("disposed", Scan.DISPOSED),
        ("rejected", Scan.REJECTED),
        ("courier_not_found", Scan.REJECTED),
        ("cancelled", Scan.CANCELLED),
    ],
)
def test_a_status_means_a_scan(status: str, scan: Scan) -> None:
    assert understood(status=status).scan is scan


@pytest.mark.parametrize(
    ("reason", "means"),
    [
        ("nobody_there", FailureReason.NOBODY_THERE),
        ("address_unknown", FailureReason.ADDRESS_UNKNOWN),
        ("phone_unreachable", FailureReason.PHONE_UNREACHABLE),
        ("not_the_owner", FailureReason.NOT_THE_OWNER),
        ("id_mismatch", FailureReason.ID_MISMATCH),
        ("refused", FailureReason.REFUSED),
        ("closed", FailureReason.CLOSED),
        ("weather", FailureReason.WEATHER),
        ("damaged", FailureReason.DAMAGED),
        ("other", FailureReason.OTHER),
        ("dog_in_the_yard", FailureReason.OTHER),
    ],
)
def test_a_reason_means_a_reason_and_one_that_nobody_agreed_upon_is_another_one(
    reason: str, means: FailureReason
) -> None:
    assert understood(status="delivery_failed", reason=reason).reason is means


def test_no_courier_is_a_rejection_with_that_reason() -> None:
    event = understood(status="courier_not_found")
    assert (event.scan, event.reason) == (Scan.REJECTED, FailureReason.NO_COURIER)


@pytest.mark.parametrize("word", RELATIONS)
def test_who_took_it_is_known_by_relation(word: str) -> None:
    assert proven(relation=word).relation is Relation(word)


def test_a_relation_that_nobody_agreed_upon_accuses_nobody() -> None:
    assert proven(relation="cousin").relation is None


def test_a_status_that_nobody_agreed_upon_decides_nothing_and_is_logged() -> None:
    with capture_logs() as logs:
        event = understood(status="eaten_by_goat")
    assert event.scan not in DECISIVE
    assert [log["status"] for log in logs] == ["eaten_by_goat"]


def test_a_status_that_is_no_word_is_not_repeated_in_logs() -> None:
    with capture_logs() as logs:
        understood(status="Siti Aminah, Jl. Kartini 1")
    assert [log["status"] for log in logs] == ["(unreadable)"]


def test_all_proofs_count_when_they_are_there() -> None:
    event = proven()
    assert set(event.proofs) == set(Proof)
    assert event.temperatures == Temperatures(lowest=3.1, highest=7)


@pytest.mark.parametrize(
    ("proof", "changes"),
    [
        (Proof.SIGNATURE, {"signature": None}),
        (Proof.SIGNATURE, {"signature": "  "}),
        (Proof.SIGNATURE, {"signature": True}),
        (Proof.FACE_PHOTO, {"face_photo": ""}),
        (Proof.ID_MATCH, {"id_match": False}),
        (Proof.ID_MATCH, {"id_match": None}),
        (Proof.ID_MATCH, {"id_match": "yes"}),
        (Proof.PLACE, {"place": None}),
        (Proof.PLACE, {"place": {"latitude": -5.4}}),
        (Proof.PLACE, {"place": {"latitude": -95.4, "longitude": 105.3}}),
        (Proof.PLACE, {"place": {"latitude": 0, "longitude": 0}}),
        (Proof.TEMPERATURE, {"temperature": None}),
        (Proof.TEMPERATURE, {"temperature": {"min_c": 3.1}}),
        (Proof.TEMPERATURE, {"temperature": {"min_c": 9, "max_c": 3}}),
        (Proof.TEMPERATURE, {"temperature": {"min_c": 3, "max_c": 850}}),
        (Proof.TEMPERATURE, {"temperature": "cool"}),
    ],
)
def test_a_proof_that_is_missing_or_cannot_be_true_does_not_count_and_harms_no_other(
    proof: Proof, changes: dict[str, Any]
) -> None:
    assert set(proven(**changes).proofs) == set(Proof) - {proof}


def test_nothing_personal_goes_on() -> None:
    event = proven(signature="Siti's own hand").model_dump_json()
    assert not any(value in event for value in ("Siti", "photo-1", "-5.4", "105.3", "P26112200017"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_id", None),
        ("event_id", "a b"),
        ("order_id", ""),
        ("reference_id", None),
        ("status", 7),
        ("occurred_at", "2026-11-22T10:04:05"),
        ("occurred_at", "yesterday"),
        ("occurred_at", "0001-01-01T00:00:00Z"),
        ("point", "\x00"),
        ("receipt", "no receipt"),
        ("amount", -5),
        ("amount", 0),
        ("waybill", "RB123456789GB"),
    ],
)
def test_an_event_that_cannot_be_read_is_refused_by_field_without_its_value(field: str, value: object) -> None:
    with pytest.raises(CarrierUnreadableError) as error:
        understood(**{field: value})
    assert str(error.value).startswith(f"{field}: ")
    assert len(str(value)) < 3 or str(value) not in str(error.value)


def test_a_waybill_in_the_form_of_s10_is_taken_with_the_right_check_digit_alone() -> None:
    assert read(SaidOrder, {"order_id": "or_1", "waybill": "RB123456785GB"}).waybill == "RB123456785GB"
    with pytest.raises(CarrierUnreadableError, match=r"^waybill: has the form of UPU S10 and a wrong check digit"):
        read(SaidOrder, {"order_id": "or_1", "waybill": "RB123456786GB"})


def test_a_carrier_may_say_more_than_was_agreed_upon() -> None:
    assert understood(mood="good", proof=PROOF | {"weather": "fine"}) == understood(proof=PROOF)


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"amount": NaN}', b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(CarrierUnreadableError, match=r"^body: is no JSON"):
        parsed(body)
