"""Checking the chain of an agency's register."""

from collections.abc import Iterable

from domain.chain import seal
from schemas.ledger import GENESIS
from schemas.scorecard import RegisterEntry


def broken_at(register: Iterable[RegisterEntry], *, first: int = 1, previous: str = GENESIS) -> int | None:
    """Return the number of the first entry that does not follow from the ones before, or None if the chain holds.

    Args:
        register: entries in order.
        first: the number that the first of them should have.
        previous: the seal that it should follow.
    """
    for number, entry in enumerate(register, start=first):
        if entry.number != number or seal(entry, previous) != entry:
            return number
        previous = entry.hash
    return None
