"""What deliveries and service requests have done outside, without how it works: all that their workflows know of."""

from abc import ABC, abstractmethod

from temporalio import activity

from schemas.delivery import (
    AskOutcome,
    AskRequest,
    CancelOutcome,
    ClaimOutcome,
    ClaimRequest,
    DeliveryCommit,
    DeliveryCommitResult,
    DeliveryPlanReply,
    DeliveryStart,
    OrderOutcome,
    OrderRequest,
)
from schemas.service_request import (
    PaymentAsked,
    PaymentCode,
    RefundOutcome,
    RefundRequest,
    RequestCommit,
    RequestCommitResult,
    RequestPlanReply,
    RequestStart,
    VoidOutcome,
    VoidRequest,
)


class DeliveryActivities(ABC):
    """What a delivery does on the database. Each may be repeated without harm."""

    @activity.defn(name="plan_delivery")
    @abstractmethod
    async def plan_delivery(self, start: DeliveryStart) -> DeliveryPlanReply:
        """Choose the point that carries it to the door, and pin its rules."""

    @activity.defn(name="commit_delivery")
    @abstractmethod
    async def commit_delivery(self, request: DeliveryCommit) -> DeliveryCommitResult:
        """Write transitions in one transaction; the first writer wins."""


class RequestActivities(ABC):
    """What a service request does on the database. Each may be repeated without harm."""

    @activity.defn(name="plan_request")
    @abstractmethod
    async def plan_request(self, start: RequestStart) -> RequestPlanReply:
        """Pin its rules."""

    @activity.defn(name="commit_request")
    @abstractmethod
    async def commit_request(self, request: RequestCommit) -> RequestCommitResult:
        """Write transitions in one transaction; the first writer wins."""


class CarrierActivities(ABC):
    """What is asked of the carrier, on a task queue of its own. Each has an identity: asked twice, it is done once."""

    @activity.defn(name="place_order")
    @abstractmethod
    async def place_order(self, request: OrderRequest) -> OrderOutcome:
        """Have the carrier take a shipment."""

    @activity.defn(name="ask_carrier")
    @abstractmethod
    async def ask_carrier(self, request: AskRequest) -> AskOutcome:
        """Return all that the carrier knows of an order, after keeping it for those who follow the delivery."""

    @activity.defn(name="file_claim")
    @abstractmethod
    async def file_claim(self, request: ClaimRequest) -> ClaimOutcome:
        """Claim what was lost, spoiled or given away."""

    @activity.defn(name="cancel_order")
    @abstractmethod
    async def cancel_order(self, request: AskRequest) -> CancelOutcome:
        """Stop an order, if it still can be stopped."""

    @activity.defn(name="ask_payment")
    @abstractmethod
    async def ask_payment(self, request: PaymentAsked) -> PaymentCode:
        """Have the post receive a payment at every counter, until it expires."""

    @activity.defn(name="void_payment")
    @abstractmethod
    async def void_payment(self, request: VoidRequest) -> VoidOutcome:
        """Take a payment's reference back, or learn that it was paid."""

    @activity.defn(name="refund_payment")
    @abstractmethod
    async def refund_payment(self, request: RefundRequest) -> RefundOutcome:
        """Give a payment back."""
