"""Where a delivery can stand."""

from enum import StrEnum


class DeliveryStatus(StrEnum):
    """How a delivery stands."""

    PLANNED = "planned"
    """The carrier has not taken it yet."""
    ON_THE_WAY = "on the way"
    ATTEMPTED = "attempted"
    """Nobody could take it; the courier comes again."""
    HELD = "held"
    """The post keeps it for the recipient to collect."""
    HANDED_OVER = "handed over"
    """Told as delivered; its proofs are not complete yet."""
    RETURNING = "returning"
    LOST = "lost"

    DELIVERED = "delivered"
    """Came into the right hands, and that is proven."""
    RETURNED = "returned"
    """Came back to the sender."""
    CLAIMED = "claimed"
    """Lost for good; a claim was filed with the carrier."""
    SPOILED = "spoiled"
    """The cold chain was broken, or it was disposed of; a claim was filed."""
    MISDELIVERED = "misdelivered"
    """Came into hands that it was not meant for; a claim was filed."""
    UNPROVEN = "unproven"
    """Told as delivered, and the proofs never came; a claim was filed."""
    REFUSED = "refused"
    """The carrier does not take it."""
    CANCELLED = "cancelled"


ENDS = frozenset(
    {
        *(DeliveryStatus.DELIVERED, DeliveryStatus.RETURNED, DeliveryStatus.CLAIMED, DeliveryStatus.SPOILED),
        *(DeliveryStatus.MISDELIVERED, DeliveryStatus.UNPROVEN, DeliveryStatus.REFUSED, DeliveryStatus.CANCELLED),
    }
)
