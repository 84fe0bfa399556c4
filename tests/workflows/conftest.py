"""A worker whose cases go on in new histories all the time."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.cases import PostgresCaseActivities
from activities.deliveries import PostgresDeliveryActivities
from tests.kawal import Kawal
from tests.workflows.post import post_that_carries_nothing
from workflows import complaint
from workflows.complaint import ComplaintWorkflow
from workflows.delivery import DeliveryWorkflow


@pytest.fixture
async def short_histories(kawal: Kawal, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kawal]:
    """The product with a worker that carries a case on into a new history every few wake-ups."""
    monkeypatch.setattr(complaint, "LONGEST_HISTORY", 25)
    cases, shipments = PostgresCaseActivities(kawal.pool), PostgresDeliveryActivities(kawal.pool)
    short = Worker(
        kawal.client,
        task_queue="short histories",
        workflows=[ComplaintWorkflow, DeliveryWorkflow],
        activities=[
            *(cases.plan_case, cases.replan, cases.commit),
            *(shipments.plan_delivery, shipments.commit_delivery),
        ],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with short, post_that_carries_nothing(kawal, short.task_queue):
        yield Kawal(kawal.client, kawal.skipper, kawal.pool, short.task_queue, _opened=next(_NUMBERS))


_NUMBERS = count(100_000, 1_000)
"""Of cases, so that no two of all tests have the same id."""
