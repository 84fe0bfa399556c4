"""The words of docs/carrier-api.md, and what they are called here."""

from schemas.carrier import FailureReason, Relation, Scan
from schemas.delivery import DeliveryStatus
from schemas.post import Carriage, Proof, Recipient

SCANS = {
    "confirmed": Scan.CONFIRMED,
    "allocated": Scan.ALLOCATED,
    "picking_up": Scan.PICKING_UP,
    "picked": Scan.POSTED,
    "departed": Scan.DEPARTED,
    "arrived": Scan.ARRIVED,
    "at_office": Scan.AT_DELIVERY_OFFICE,
    "dropping_off": Scan.OUT_FOR_DELIVERY,
    "delivery_failed": Scan.FAILED,
    "on_hold": Scan.HELD,
    "delivered": Scan.DELIVERED,
    "proof_added": Scan.PROVEN,
    "return_in_transit": Scan.RETURNING,
    "returned": Scan.RETURNED,
    "lost": Scan.LOST,
    "disposed": Scan.DISPOSED,
    "rejected": Scan.REJECTED,
    "courier_not_found": Scan.REJECTED,
    "cancelled": Scan.CANCELLED,
}
UNKNOWN_SCAN = Scan.OTHER
"""What a word counts as that nobody agreed upon: nothing is decided by it."""

REASONS = {
    "nobody_there": FailureReason.NOBODY_THERE,
    "address_unknown": FailureReason.ADDRESS_UNKNOWN,
    "phone_unreachable": FailureReason.PHONE_UNREACHABLE,
    "not_the_owner": FailureReason.NOT_THE_OWNER,
    "id_mismatch": FailureReason.ID_MISMATCH,
    "refused": FailureReason.REFUSED,
    "closed": FailureReason.CLOSED,
    "weather": FailureReason.WEATHER,
    "damaged": FailureReason.DAMAGED,
    "other": FailureReason.OTHER,
}
RELATIONS = {
    "owner": Relation.OWNER,
    "household": Relation.HOUSEHOLD,
    "neighbour": Relation.NEIGHBOUR,
    "other": Relation.OTHER,
}
PROOFS = {
    Proof.SIGNATURE: "signature",
    Proof.ID_MATCH: "id_match",
    Proof.FACE_PHOTO: "face_photo",
    Proof.PLACE: "place",
    Proof.TEMPERATURE: "temperature",
}
SERVICE_TYPES = {
    Carriage.DOCUMENT: "document",
    Carriage.PARCEL: "parcel",
    Carriage.COLD: "cold",
    Carriage.CASH: "cash",
    Carriage.FREIGHT: "freight",
}
HANDED_TO = {Recipient.OWNER: "owner", Recipient.HOUSEHOLD: "household", Recipient.ANYONE: "anyone"}
CLAIM_REASONS = {
    DeliveryStatus.LOST: "lost",
    DeliveryStatus.SPOILED: "spoiled",
    DeliveryStatus.MISDELIVERED: "misdelivered",
    DeliveryStatus.UNPROVEN: "unproven",
}
