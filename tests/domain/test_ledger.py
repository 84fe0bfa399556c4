"""The sanction ledger's chain: nothing in it can be changed, left out or reordered unseen."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import ledger
from domain.chain import seal
from domain.lifecycle import Opened, TimeReached
from schemas.case import CaseState
from schemas.ledger import LedgerEntry
from tests import making
from tests.domain.test_lifecycle import live, opened
from tests.making import NOON


def chain() -> list[LedgerEntry]:
    state = opened()
    for days in (10, 20, 30, 40):
        state = live(state, TimeReached(NOON + timedelta(days=days)))
    return list(state.ledger)


def test_an_untouched_chain_holds_and_an_empty_one_too() -> None:
    assert ledger.broken_at(chain()) is None
    assert ledger.broken_at([]) is None


@given(number=st.integers(1, 4), change=st.sampled_from([{"points": 0}, {"subject": "somebody else"}, {"level": 9}]))
def test_a_changed_entry_breaks_the_chain_where_it_was_changed(number: int, change: dict[str, object]) -> None:
    entries = chain()
    entries[number - 1] = entries[number - 1].model_copy(update=change)
    assert ledger.broken_at(entries) == number


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_missing_entry_breaks_the_chain(number: int) -> None:
    entries = chain()
    del entries[number - 1]
    assert ledger.broken_at(entries) == number


def test_a_forged_entry_with_a_fitting_hash_breaks_the_chain_after_it() -> None:
    entries = chain()
    forged = entries[1].model_copy(update={"points": 0})
    entries[1] = seal(forged, entries[0].hash)
    assert ledger.broken_at(entries) == 3


def test_the_seal_of_the_first_released_ledger_never_changes() -> None:
    """A ledger is checked years later: the same entry must have the same hash in every version to come."""
    assert chain()[0].hash == "70fe2b83237f4e5cc97a7571225575a6ae504bfea7839c0e46a82e289b76d803"


def test_every_case_has_its_own_chain() -> None:
    def first(case_id: str) -> LedgerEntry:
        state = CaseState(complaint=making.complaint(case_id), plan=making.plan())
        state = live(state, Opened(NOON), TimeReached(NOON + timedelta(days=10)))
        return state.ledger[0]

    assert first("one-case").hash != first("another").hash
