"""What can happen to an order: for each scenario, what is told after how long. Data.

The hours of a step count from the step before. Proofs are those that the order asks for, unless a step says otherwise.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# fmt: off
Status = Literal[
    "confirmed", "allocated", "picking_up", "picked", "departed", "arrived", "at_office", "dropping_off",
    "delivery_failed", "on_hold", "delivered", "proof_added", "return_in_transit", "returned", "lost", "disposed",
    "rejected", "courier_not_found", "cancelled",
]
Reason = Literal[
    "nobody_there", "address_unknown", "phone_unreachable", "not_the_owner", "id_mismatch", "refused", "closed",
    "weather", "damaged", "other",
]
# fmt: on
Relation = Literal["owner", "household", "neighbour", "other"]


class Step(BaseModel):
    """One thing that happens to an order, and is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status
    hours: float = Field(default=0, ge=0, description="after the step before")
    of_hold: float = Field(default=0, ge=0, description="share of the time for which the order is held, on top")
    scan: str | None = Field(default=None, description="in the carrier's own words; none: as `SCANS` has it")
    reason: Reason | None = None
    point: str | None = Field(default=None, description="none: the order's own, where there is one")
    proven: bool | None = Field(default=None, description="with proofs; none: if that is usual for the status")
    relation: Relation | None = Field(default=None, description="who took it; none: whoever it is meant for")
    captured: float = Field(default=0, ge=0, description="hours before it is told that it happened, without a network")
    warmest: float | None = Field(default=None, description="degrees Celsius; none: within what the order allows")


class Hubs(BaseModel):
    """The way through the hubs that the order names."""

    model_config = ConfigDict(frozen=True)

    first_leg: float = Field(default=10, description="hours to the first hub")
    leg: float = Field(default=10, description="hours to each of the others")
    stay: float = Field(default=3, description="hours at a hub before it goes on")
    at_most: int | None = Field(default=None, description="hubs that it comes to; none: all")


class Attempts(BaseModel):
    """As many attempts at the door as the order asks for, and all fail."""

    model_config = ConfigDict(frozen=True)

    reason: Reason


PICKED = (
    *(Step(status="confirmed"), Step(status="allocated", hours=1), Step(status="picking_up", hours=1)),
    Step(status="picked", hours=2),
)
POSTED = (*PICKED, Step(status="departed", hours=4, scan="Puri Kirim"))
AT_THE_OFFICE = (Step(status="at_office", hours=12), Step(status="dropping_off", hours=4))
TO_THE_DOOR = (*POSTED, Hubs(), *AT_THE_OFFICE)
AGAIN = Step(status="dropping_off", hours=22)
NOBODY_THERE = Step(status="delivery_failed", hours=2, reason="nobody_there")
DELIVERED = Step(status="delivered", hours=2)
BACK = (Step(status="return_in_transit", hours=12), Step(status="returned", hours=48))
BACK_AFTER_HOLD = (Step(status="return_in_transit", of_hold=1), Step(status="returned", hours=48))

SCENARIOS: dict[str, tuple[Step | Hubs | Attempts, ...]] = {
    "good": (*TO_THE_DOOR, DELIVERED),
    "third_attempt": (*TO_THE_DOOR, NOBODY_THERE, AGAIN, NOBODY_THERE, AGAIN, DELIVERED),
    "collected": (
        *(*TO_THE_DOOR, Attempts(reason="nobody_there"), Step(status="on_hold", hours=4, reason="nobody_there")),
        Step(status="delivered", of_hold=0.3, relation="owner"),
    ),
    "never_collected": (
        *(*TO_THE_DOOR, Attempts(reason="nobody_there"), Step(status="on_hold", hours=4, reason="nobody_there")),
        *BACK_AFTER_HOLD,
    ),
    "wrong_hands": (*TO_THE_DOOR, Step(status="delivered", hours=2, relation="neighbour")),
    "id_mismatch": (
        *(*TO_THE_DOOR, Step(status="delivery_failed", hours=2, reason="id_mismatch")),
        *(Step(status="on_hold", hours=4, reason="id_mismatch"), *BACK_AFTER_HOLD),
    ),
    "spoiled": (*TO_THE_DOOR, Step(status="delivered", hours=2, warmest=19)),
    "disposed": (*POSTED, Hubs(), Step(status="disposed", hours=48, reason="damaged")),
    "lost": (*POSTED, Hubs(), Step(status="lost", hours=120)),
    "lost_then_found": (
        *(*TO_THE_DOOR, Step(status="lost", hours=120)),
        Step(status="delivered", hours=120, captured=238),
    ),
    "offline_proof": (
        *(*TO_THE_DOOR, Step(status="delivered", hours=2, proven=False)),
        Step(status="proof_added", hours=72, captured=72),
    ),
    "no_proof": (*TO_THE_DOOR, Step(status="delivered", hours=2, proven=False)),
    "rejected": (Step(status="rejected", hours=1, reason="other"),),
    "courier_not_found": (Step(status="confirmed"), Step(status="courier_not_found", hours=6)),
    "lost_at_hub": (*POSTED, Hubs(at_most=1), Step(status="lost", hours=120)),
    "late_leg": (*POSTED, Hubs(first_leg=120), *AT_THE_OFFICE, DELIVERED),
    "silent": PICKED,
    "contradiction": (*TO_THE_DOOR, DELIVERED, Step(status="return_in_transit", hours=24)),
    "address_unknown": (*TO_THE_DOOR, Step(status="delivery_failed", hours=2, reason="address_unknown"), *BACK),
}

SCANS: dict[str, str] = {
    "picked": "Posting Loket",
    "departed": "Manifest Serah",
    "arrived": "Manifest Terima",
    "at_office": "Puri Terima",
    "dropping_off": "Proses Antar",
    "delivery_failed": "Gagal Antar",
    "delivered": "Selesai Antar",
}
"""What scans are called in the carrier's own words, for those that have a name."""
