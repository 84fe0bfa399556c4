"""What is asked of the carrier: on a task queue of its own, whose rate the carrier sets."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

Activities = TypeVar("Activities")
Argument = TypeVar("Argument")
Result = TypeVar("Result")

SUFFIX = "-post"


def post_queue(task_queue: str) -> str:
    """Return the task queue on which the carrier is asked by workflows of another."""
    return task_queue + SUFFIX


async def ask_post(activity: Callable[[Activities, Argument], Awaitable[Result]], argument: Argument) -> Result:
    """Ask the carrier until it answers: attempts leave no events behind, so its outage costs nothing."""
    return await workflow.execute_activity_method(
        activity,
        argument,
        task_queue=post_queue(workflow.info().task_queue),
        start_to_close_timeout=timedelta(seconds=60),
        retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5)),
    )
