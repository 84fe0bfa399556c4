"""How callers stand to requests and proposals, beyond what the table says of each."""

import pytest

from domain.access import relation_to_case, relation_to_proposal, relation_to_request
from schemas.access import Caller, CallerRole, Relation
from schemas.case import CaseView
from schemas.scorecard import RegisterEntry, RegisterKind
from tests.gateway.telling import case
from tests.making import NOON


def of(agency: str, *roles: str, role: CallerRole = CallerRole.SUPERIOR) -> Caller:
    return Caller(id="somebody", role=role, agency=agency, offices=tuple(f"{one}@{agency}" for one in roles))


def proposal(**changes: object) -> RegisterEntry:
    fields: dict[str, object] = {
        "agency": "ROADS",
        "number": 1,
        "kind": RegisterKind.PROPOSED,
        "at": NOON,
        "subject": "operator@ROADS",
        "previous_hash": "",
        "hash": "",
    }
    return RegisterEntry.model_validate(fields | changes)


def test_a_proposal_is_own_to_whom_it_is_about_and_to_whoever_decides() -> None:
    one = proposal(deciders=("head@ROADS", "inspector@ABOVE"))
    for caller, relation in (
        (of("ROADS", "operator", role=CallerRole.OPERATOR), Relation.OWN),
        (of("ROADS", "head"), Relation.OWN),
        (of("ABOVE", "inspector"), Relation.OWN),
        (of("ROADS", "clerk"), Relation.AGENCY),
        (of("ABOVE", "clerk"), Relation.OTHER),
    ):
        assert relation_to_proposal(caller, one) is relation


def test_about_an_agency_as_a_whole_superiors_elsewhere_decide_unless_one_is_named() -> None:
    whole = proposal(subject="ROADS", month="2026-11")
    assert relation_to_proposal(of("ABOVE", "head"), whole) is Relation.OWN
    assert relation_to_proposal(of("ROADS", "head"), whole) is Relation.AGENCY
    for other in (of("ABOVE", "clerk", role=CallerRole.OPERATOR), Caller(id="one", role=CallerRole.SUPERIOR)):
        assert relation_to_proposal(other, whole) is Relation.OTHER
    named = proposal(subject="ROADS", month="2026-11", deciders=("inspector@ABOVE",))
    assert relation_to_proposal(of("ELSEWHERE", "head"), named) is Relation.OTHER
    assert relation_to_proposal(of("ABOVE", "head"), proposal()) is Relation.OTHER


@pytest.mark.parametrize(("seq", "relation"), [(0, Relation.HIDDEN), (2, Relation.OTHER)])
def test_until_it_is_routed_nobody_knows_whom_a_report_has_to_go_past(seq: int, relation: Relation) -> None:
    accusing = case("new-1", respondent="ROADS", agency=None, owners=(), watchers=(), seq=seq)
    for agency in ("ROADS", "SCHOOLS"):
        assert relation_to_case(of(agency, "head"), accusing, None) is relation
    assert relation_to_case(Caller(id="citizen", role=CallerRole.REPORTER), accusing, "citizen") is Relation.OWN


@pytest.mark.parametrize("prepared", [None, case("prep-1", agency="ROADS", owners=("op@ROADS",), watchers=())])
def test_whoever_asked_stands_to_a_request_as_before_it_was_prepared(prepared: CaseView | None) -> None:
    reporter, system = CallerRole.REPORTER, CallerRole.SYSTEM
    for caller, relation in (
        (Caller(id="citizen", role=reporter), Relation.OWN),
        (Caller(id="another", role=reporter), Relation.OTHER),
        (Caller(id="app", role=system, channel="app"), Relation.OWN),
        (Caller(id="app-2", role=system, channel="another"), Relation.OTHER),
        (Caller(id="app-3", role=system), Relation.OTHER),
    ):
        assert relation_to_request(caller, "app", "citizen", prepared) is relation


def test_people_of_agencies_stand_to_a_request_as_to_its_case() -> None:
    prepared = case("prep-1", agency="ROADS", owners=("op@ROADS",), watchers=("desk@WATER", "op@ROADS"))
    for caller, relation in (
        (of("ROADS", "op"), Relation.OWN),
        (of("ROADS", "head"), Relation.AGENCY),
        (of("WATER", "desk"), Relation.FORMER),
        (of("SCHOOLS", "op"), Relation.OTHER),
    ):
        assert relation_to_request(caller, "app", None, prepared) is relation
        assert relation_to_request(caller, "app", None, None) is Relation.OTHER
