"""What a case has carried to somebody as its remedy."""

from domain.refusal import remedy_id
from domain.taken import Taken
from schemas.case import Remedy
from schemas.complaint import Complaint
from schemas.delivery import DeliveryResult, DeliveryStart
from schemas.messages import Actor, Carried, Deliver, Role


def deliver(taken: Taken, message: Deliver) -> None:
    """Order a delivery. Moves no deadline: the case still owes an answer."""
    detail = {
        "delivery": remedy_id(taken.state),
        "service": message.service,
        "recipient": message.recipient,
        "region": message.region or taken.plan.region or taken.state.complaint.region or "",
    }
    taken.add(message, detail=detail)


def carried(taken: Taken, message: Carried) -> None:
    """Record how a delivery ended."""
    taken.add(message, detail={"delivery": message.delivery, "outcome": str(message.outcome)})


def delivery_of(complaint: Complaint, remedy: Remedy) -> DeliveryStart:
    """Return the delivery that a case has ordered; it tells the case of its end."""
    return DeliveryStart(
        delivery_id=remedy.delivery_id,
        service=remedy.service,
        ordered_by=complaint.case_id,
        recipient=remedy.recipient,
        region=remedy.region,
        policy_version=complaint.policy_version,
        ordered_at=remedy.ordered_at,
        tells=True,
    )


def word_of(result: DeliveryResult) -> Carried:
    """Return what a delivery tells the case that ordered it."""
    return Carried(
        message_id=f"carried:{result.delivery_id}",
        actor=Actor(id="kawal", role=Role.SYSTEM),
        delivery=result.delivery_id,
        outcome=result.status,
    )
