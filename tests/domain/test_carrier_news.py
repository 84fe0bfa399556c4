"""What a carrier told is a set: whatever order it comes in, it amounts to the same, by the carrier's own clock."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carrier_news import News, news
from domain.delivery import decide, evolve_all
from domain.delivery_events import Asked, Event, ToldOf
from schemas.carrier import DECISIVE, CarrierEvent, FailureReason, Relation, Scan
from schemas.delivery import AskOutcome, DeliveryPlan, DeliveryState, DeliveryStatus
from schemas.post import Proof, Recipient, Temperatures
from tests.domain.carrying import SIGNED, Carried, plan, scanned
from tests.making import NOON

OWNER: dict[str, Any] = {"relation": Relation.OWNER, "proofs": SIGNED}
COLD: dict[str, Any] = {
    "carriage": "cold",
    "temperatures": Temperatures(lowest=2, highest=8),
    "proofs": (Proof.TEMPERATURE, Proof.SIGNATURE),
}
COLD_PROOFS = (Proof.TEMPERATURE, Proof.SIGNATURE)


def amounts_to(*events: CarrierEvent, handed_to: Recipient = Recipient.OWNER, **terms: Any) -> News:
    rules = plan(handed_to=handed_to, **terms)
    return news(events, 1, rules.terms, rules.handed_to)


def status_of(*events: CarrierEvent, **terms: Any) -> DeliveryStatus | None:
    return amounts_to(*events, **terms).status


# ---- A handover --------------------------------------------------------------------------------------------------


def test_nothing_told_is_nothing_known() -> None:
    assert amounts_to() == News()


def test_a_handover_into_the_right_hands_that_is_proven_is_a_delivery() -> None:
    assert status_of(scanned("a", Scan.DELIVERED, **OWNER)) is DeliveryStatus.DELIVERED


@pytest.mark.parametrize("missing", [{"relation": None}, {"proofs": ()}, {"proofs": (Proof.PLACE,)}])
def test_a_handover_is_not_proven_while_it_is_unknown_who_took_it_or_a_proof_is_missing(
    missing: dict[str, Any],
) -> None:
    assert status_of(scanned("a", Scan.DELIVERED, **(OWNER | missing))) is DeliveryStatus.HANDED_OVER


def test_proofs_may_come_one_by_one_and_without_the_handover_itself() -> None:
    relation = scanned("a", Scan.PROVEN, 1, relation=Relation.OWNER)
    signature = scanned("b", Scan.PROVEN, 2, proofs=SIGNED)
    assert status_of(relation) is DeliveryStatus.HANDED_OVER
    assert status_of(relation, signature) is DeliveryStatus.DELIVERED


@pytest.mark.parametrize("later", [Scan.FAILED, Scan.HELD, Scan.RETURNING, Scan.RETURNED, Scan.LOST, Scan.CANCELLED])
def test_what_is_proven_stands_whatever_is_scanned_later_and_people_have_to_look(later: Scan) -> None:
    told = amounts_to(scanned("a", Scan.DELIVERED, 1, **OWNER), scanned("b", later, 2))
    assert (told.status, told.contradicted) == (DeliveryStatus.DELIVERED, True)


def test_nothing_is_contradicted_by_what_happened_before() -> None:
    told = amounts_to(
        scanned("a", Scan.FAILED, 1), scanned("b", Scan.HELD, 2), scanned("c", Scan.DELIVERED, 3, **OWNER)
    )
    assert (told.status, told.contradicted) == (DeliveryStatus.DELIVERED, False)


@pytest.mark.parametrize(
    ("later", "stands"),
    [
        (Scan.FAILED, DeliveryStatus.ATTEMPTED),
        (Scan.RETURNED, DeliveryStatus.RETURNED),
        (Scan.LOST, DeliveryStatus.LOST),
        (Scan.DISPOSED, DeliveryStatus.SPOILED),
    ],
)
def test_what_is_not_proven_gives_way_to_what_happened_later(later: Scan, stands: DeliveryStatus) -> None:
    told = amounts_to(scanned("a", Scan.DELIVERED, 1, relation=Relation.OWNER), scanned("b", later, 2))
    assert (told.status, told.contradicted) == (stands, False)


@pytest.mark.parametrize("wrongly", [Scan.FAILED, Scan.RETURNED, Scan.LOST])
def test_a_late_proof_of_the_moment_of_the_handover_makes_it_stand_after_all(wrongly: Scan) -> None:
    handed, later = scanned("a", Scan.DELIVERED, 1, relation=Relation.OWNER), scanned("b", wrongly, 2)
    told = amounts_to(handed, later, scanned("c", Scan.PROVEN, 1, proofs=SIGNED))
    assert (told.status, told.contradicted) == (DeliveryStatus.DELIVERED, True)


def test_what_was_handed_over_and_proven_is_not_undone_by_a_scan_of_other_hands() -> None:
    told = amounts_to(
        scanned("a", Scan.DELIVERED, 1, **OWNER), scanned("b", Scan.DELIVERED, 2, relation=Relation.NEIGHBOUR)
    )
    assert told.status is DeliveryStatus.DELIVERED


# ---- Whose hands, and in which state -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handed_to", "may"),
    [
        (Recipient.OWNER, {Relation.OWNER}),
        (Recipient.HOUSEHOLD, {Relation.OWNER, Relation.HOUSEHOLD}),
        (Recipient.ANYONE, set(Relation)),
    ],
)
@pytest.mark.parametrize("relation", Relation)
def test_only_whom_it_is_meant_for_may_take_it(handed_to: Recipient, may: set[Relation], relation: Relation) -> None:
    told = status_of(scanned("a", Scan.DELIVERED, relation=relation, proofs=SIGNED), handed_to=handed_to)
    assert told is (DeliveryStatus.DELIVERED if relation in may else DeliveryStatus.MISDELIVERED)


def test_a_paper_of_identity_with_a_neighbour_is_misdelivered_even_without_proofs() -> None:
    assert status_of(scanned("a", Scan.DELIVERED, relation=Relation.NEIGHBOUR)) is DeliveryStatus.MISDELIVERED


@pytest.mark.parametrize(
    ("later", "stands"), [(Scan.HELD, DeliveryStatus.HELD), (Scan.RETURNED, DeliveryStatus.RETURNED)]
)
def test_what_was_fetched_back_from_wrong_hands_is_not_there_any_more(later: Scan, stands: DeliveryStatus) -> None:
    neighbour = scanned("a", Scan.DELIVERED, 1, relation=Relation.NEIGHBOUR, proofs=SIGNED)
    told = amounts_to(neighbour, scanned("b", later, 2))
    assert (told.status, told.contradicted) == (stands, False)


def test_what_the_owner_got_from_wrong_hands_in_the_end_is_delivered() -> None:
    neighbour = scanned("a", Scan.DELIVERED, 1, relation=Relation.NEIGHBOUR)
    assert status_of(neighbour, scanned("b", Scan.DELIVERED, 2, **OWNER)) is DeliveryStatus.DELIVERED


@pytest.mark.parametrize(
    ("lowest", "highest", "stands"),
    [
        (2, 8, DeliveryStatus.DELIVERED),
        (1.9, 5, DeliveryStatus.SPOILED),
        (3, 8.1, DeliveryStatus.SPOILED),
    ],
)
def test_what_left_its_range_of_temperatures_is_spoiled_and_both_ends_belong_to_it(
    lowest: float, highest: float, stands: DeliveryStatus
) -> None:
    measured = Temperatures(lowest=lowest, highest=highest)
    told = scanned("a", Scan.DELIVERED, relation=Relation.OWNER, proofs=COLD_PROOFS, temperatures=measured)
    assert status_of(told, **COLD) is stands


def test_a_cold_chain_without_its_temperatures_is_not_proven() -> None:
    assert status_of(scanned("a", Scan.DELIVERED, **OWNER), **COLD) is DeliveryStatus.HANDED_OVER


# ---- On the way --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scan", "stands"),
    [
        (Scan.ARRIVED, DeliveryStatus.ON_THE_WAY),
        (Scan.FAILED, DeliveryStatus.ATTEMPTED),
        (Scan.HELD, DeliveryStatus.HELD),
        (Scan.RETURNING, DeliveryStatus.RETURNING),
        (Scan.RETURNED, DeliveryStatus.RETURNED),
        (Scan.LOST, DeliveryStatus.LOST),
        (Scan.DISPOSED, DeliveryStatus.SPOILED),
        (Scan.REJECTED, DeliveryStatus.REFUSED),
        (Scan.CANCELLED, DeliveryStatus.CANCELLED),
    ],
)
def test_without_a_handover_it_stands_as_the_last_scan_says(scan: Scan, stands: DeliveryStatus) -> None:
    assert status_of(scanned("a", Scan.ARRIVED, 1, point="HUB"), scanned("b", scan, 2)) is stands


@pytest.mark.parametrize("scan", sorted(set(Scan) - DECISIVE))
def test_what_decides_nothing_leaves_all_as_it_is(scan: Scan) -> None:
    failed = scanned("a", Scan.FAILED, 1, reason=FailureReason.CLOSED)
    assert amounts_to(failed, scanned("b", scan, 2)) == amounts_to(failed)


def test_every_failed_attempt_counts_and_the_last_reason_stays() -> None:
    first = scanned("a", Scan.FAILED, 1, reason=FailureReason.NOBODY_THERE)
    second = scanned("b", Scan.FAILED, 25, reason=FailureReason.ADDRESS_UNKNOWN)
    told = amounts_to(second, first, scanned("c", Scan.HELD, 26))
    assert (told.attempts, told.reason) == (2, FailureReason.ADDRESS_UNKNOWN)


def test_hubs_on_the_way_back_neither_stop_the_return_nor_count_as_arrivals() -> None:
    out = scanned("a", Scan.ARRIVED, 1, point="ONE")
    back = (scanned("b", Scan.RETURNING, 2), scanned("c", Scan.ARRIVED, 3, point="TWO"))
    told = amounts_to(out, *back)
    assert (told.status, told.arrivals) == (DeliveryStatus.RETURNING, {"ONE": out.at})


def test_the_first_scan_at_a_hub_is_the_arrival() -> None:
    first, again = scanned("a", Scan.ARRIVED, 1, point="ONE"), scanned("b", Scan.ARRIVED, 5, point="ONE")
    assert amounts_to(again, first).arrivals == {"ONE": first.at}


def test_only_the_order_that_is_asked_about_counts() -> None:
    assert amounts_to(scanned("a", Scan.LOST, order=2)) == News()


# ---- When it was handed over -------------------------------------------------------------------------------------


def test_it_was_handed_over_when_it_happened_not_when_it_was_proven() -> None:
    handed = scanned("a", Scan.DELIVERED, 1, relation=Relation.OWNER)
    assert amounts_to(handed, scanned("b", Scan.PROVEN, 90, proofs=SIGNED)).delivered_at == handed.at


def test_a_handover_that_failed_after_all_is_not_when_it_was_handed_over() -> None:
    in_vain = scanned("a", Scan.DELIVERED, 1, relation=Relation.OWNER)
    then = scanned("c", Scan.DELIVERED, 30, **OWNER)
    assert amounts_to(in_vain, scanned("b", Scan.FAILED, 2), then).delivered_at == then.at


def test_it_was_handed_over_when_that_was_proven_first_whatever_is_scanned_again() -> None:
    handed = scanned("a", Scan.DELIVERED, 1, **OWNER)
    again = (scanned("b", Scan.RETURNING, 2), scanned("c", Scan.DELIVERED, 50, **OWNER))
    assert amounts_to(handed, *again).delivered_at == handed.at


# ---- Any order, any batches, any number of times -----------------------------------------------------------------

SCANS = st.sampled_from(sorted(Scan))
HANDOVERS = (Scan.DELIVERED, Scan.PROVEN)


@st.composite
def event_sets(draw: st.DrawFn, scans: st.SearchStrategy[Scan] = SCANS) -> list[CarrierEvent]:
    """Return what a carrier may tell of one order; events at the same moment are likely."""
    events = []
    for number, scan in enumerate(draw(st.lists(scans, min_size=1, max_size=7))):
        handed = scan in HANDOVERS
        relation = draw(st.sampled_from([None, *Relation])) if handed else None
        proofs = draw(st.sampled_from([(), SIGNED, COLD_PROOFS])) if handed else ()
        measured = (
            Temperatures(lowest=3, highest=draw(st.sampled_from([7, 12]))) if handed and draw(st.booleans()) else None
        )
        events.append(
            scanned(
                f"ev-{number}",
                scan,
                draw(st.integers(0, 4)),
                relation=relation,
                proofs=proofs,
                temperatures=measured,
                reason=draw(st.sampled_from([None, FailureReason.CLOSED, FailureReason.WEATHER])),
                point=draw(st.sampled_from([None, "ONE", "TWO"])) if scan is Scan.ARRIVED else None,
            )
        )
    return events


RULES = st.sampled_from(
    [
        plan(),
        plan(handed_to=Recipient.HOUSEHOLD, legs=({"to": "ONE", "within": "1 day"}, {"to": "TWO", "within": "1 day"})),
        plan(handed_to=Recipient.ANYONE, proofs=()),
        plan(**COLD),
    ]
)


@given(data=st.data(), events=event_sets(), rules=RULES)
def test_any_order_of_the_same_reports_amounts_to_the_same(
    data: st.DataObject, events: list[CarrierEvent], rules: DeliveryPlan
) -> None:
    shuffled = data.draw(st.permutations(events))
    assert news(shuffled, 1, rules.terms, rules.handed_to) == news(events, 1, rules.terms, rules.handed_to)


@st.composite
def tellings(draw: st.DrawFn, events: list[CarrierEvent]) -> list[Event]:
    """Return a way to tell all of these: in any order, some twice, some under another name, some in one answer."""
    twice = draw(st.lists(st.sampled_from(events), max_size=3))
    renamed = [event.model_copy(update={"event_id": f"again-{event.event_id}"}) for event in twice]
    left = draw(st.permutations([*events, *twice, *renamed]))
    told: list[Event] = []
    while left:
        number = draw(st.integers(1, len(left)))
        batch, left = left[:number], left[number:]
        at = NOON + timedelta(hours=len(told))
        if draw(st.booleans()):
            told.append(Asked(at, AskOutcome(events=tuple(batch))))
        else:
            told += [ToldOf(at, event) for event in batch]
    return told


def told_to(life: Carried, told: list[Event]) -> DeliveryState:
    """Return how a delivery stands when the engine has done nothing yet about what it was told."""
    state = life.state
    for event in told:
        state = evolve_all(state, decide(state, event))
    return state


def contents(events: Iterable[CarrierEvent]) -> set[CarrierEvent]:
    return {event.model_copy(update={"event_id": "any"}) for event in events if event.scan in DECISIVE}


@given(data=st.data(), events=event_sets(), rules=RULES)
def test_a_delivery_stands_the_same_however_all_of_it_was_told_unless_some_of_it_was_the_end(
    data: st.DataObject, events: list[CarrierEvent], rules: DeliveryPlan
) -> None:
    known = news(events, 1, rules.terms, rules.handed_to)
    heard = [told_to(Carried(rules), data.draw(tellings(events))) for _ in range(2)]
    assert all(state.over for state in heard if contents(state.events) != contents(events))
    of_the_telling = dict.fromkeys(("over_at", "ask_at", "news_at", "ends_at", "proofs_until"))
    whole = [state.now for state in heard if contents(state.events) == contents(events)]
    assert all(now.status == (known.status or DeliveryStatus.ON_THE_WAY) for now in whole)
    assert all(now.model_copy(update=of_the_telling) == whole[0].model_copy(update=of_the_telling) for now in whole)


@given(
    data=st.data(), events=event_sets(st.sampled_from([Scan.ARRIVED, Scan.FAILED, Scan.HELD, Scan.RETURNED, Scan.LOST]))
)
def test_one_proven_handover_ends_in_a_delivery_whenever_and_among_whatever_it_is_told(
    data: st.DataObject, events: list[CarrierEvent]
) -> None:
    handed = scanned("handed", Scan.DELIVERED, data.draw(st.integers(0, 4)), relation=Relation.OWNER)
    proof = scanned("proof", Scan.PROVEN, data.draw(st.integers(0, 4)), proofs=SIGNED)
    life = Carried()
    one, other = (told_to(life, data.draw(tellings([*events, handed, proof]))) for _ in range(2))
    assert one.over
    assert one.now.status is other.now.status is DeliveryStatus.DELIVERED
