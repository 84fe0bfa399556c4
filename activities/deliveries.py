"""The side effects of a delivery on the real database."""

from temporalio import activity

from activities.post_declarations import DeliveryActivities
from activities.published_policies import PublishedPolicies
from domain import working_time
from domain.points import Place
from domain.service_terms import plan_delivery, service_of
from schemas.calendar import WorkingCalendar
from schemas.delivery import DeliveryCommit, DeliveryCommitResult, DeliveryPlanReply, DeliveryStart
from schemas.policy import Policy
from schemas.post import Carriage, Point, PointKind
from storage import benefits, deliveries, point_loads, recipients
from storage.database import Pool
from storage.time_zone import pin_calendar

_FURTHEST_KM = 200.0
"""A point further away serves nobody: the carrier chooses, as it does when a policy knows no points."""


class PostgresDeliveryActivities(DeliveryActivities):
    """Delivery activities over a connection pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._policies = PublishedPolicies(pool)

    @activity.defn(name="plan_delivery")
    async def plan_delivery(self, start: DeliveryStart) -> DeliveryPlanReply:
        """Choose the nearest point that is able and has room, take a place there, and pin the delivery's rules.

        What was paid out late under another request meanwhile is not paid out again.
        """
        if start.pay_out is not None and (other := await benefits.paid_under_another(self._pool, start.ordered_by)):
            return DeliveryPlanReply(problem=f"period: the request {other} was paid out this benefit")
        policy = await self._policies.version(start.policy_version)
        calendar = pin_calendar(policy.calendar, start.ordered_at)
        service = service_of(policy, start.service)
        point = await self._point(policy, calendar, start, service.delivery.carriage) if service else None
        return plan_delivery(policy, calendar, start, point)

    @activity.defn(name="commit_delivery")
    async def commit_delivery(self, request: DeliveryCommit) -> DeliveryCommitResult:
        """Write transitions in one transaction; the first writer wins."""
        return await deliveries.commit(self._pool, request)

    async def _point(
        self, policy: Policy, calendar: WorkingCalendar, start: DeliveryStart, carriage: Carriage
    ) -> tuple[Point, float] | None:
        place = await self._place(policy, start)
        if place is None:
            return None
        day = working_time.local_day(calendar, start.ordered_at)
        load = await point_loads.loads(self._pool, day)
        points = await self._policies.points(start.policy_version)
        for point, km in points.nearest(place, carriage, load):
            if km > _FURTHEST_KM:
                return None
            if await point_loads.take(self._pool, point.code, day, start.delivery_id, point.capacity):
                return point, km
        return None

    async def _place(self, policy: Policy, start: DeliveryStart) -> Place | None:
        """Return where the recipient is, or else where the post is in the recipient's region."""
        recipient = await recipients.find(self._pool, start.recipient)
        if recipient is not None and recipient.latitude is not None and recipient.longitude is not None:
            return recipient.latitude, recipient.longitude
        offices = (p for p in policy.post.points if p.region == start.region and p.kind is PointKind.OFFICE)
        office = next(offices, None) if start.region else None
        return (office.latitude, office.longitude) if office else None
