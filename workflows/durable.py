"""What workflows share: lives that nothing disturbs, activities that outlast any outage, reading and refusing."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel, ValidationError

    from schemas.problems import in_words

Activities = TypeVar("Activities")
Argument = TypeVar("Argument")
Result = TypeVar("Result")
AnyModel = TypeVar("AnyModel", bound=BaseModel)


class UnreadableError(Exception):
    """A signal is no message, for the reason that it names; the reason holds nothing of what came in."""


async def durably(activity: Callable[[Activities, Argument], Awaitable[Result]], argument: Argument) -> Result:
    """Try an activity once, within this workflow task; if that fails, run it as a normal one that outlasts any outage.

    The try has to end well before the task does (10 s), or heartbeats would fill the history. Attempts of a normal
    activity leave no events behind, so a database that is away for hours costs a handful.
    """
    try:
        return await workflow.execute_local_activity_method(
            activity,
            argument,
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
    except FailureError as failure:
        if is_cancelled_exception(failure):
            raise
        return await workflow.execute_activity_method(
            activity,
            argument,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)),
        )


async def undisturbed(life: Coroutine[Any, Any, Result]) -> Result:
    """Live a life to its end: a cancellation from outside, which nothing would record, changes nothing.

    Bad input has failed before; a value that our own models refuse is a mistake of ours, and waits for its mend.
    """
    task = asyncio.create_task(life)
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.done():
                raise
        except ValidationError as mistake:
            raise RuntimeError("the engine made a value that its own models refuse") from mistake


def refused(reason: str) -> ApplicationError:
    """Return the error that tells the sender of an update why it is refused."""
    return ApplicationError(reason, type="MessageRefused", non_retryable=True)


def read_message(models: Mapping[str, type[AnyModel]], name: str, payloads: Sequence[RawValue]) -> AnyModel:
    """Read what a signal or update carries.

    Raises:
        UnreadableError: it is none of these messages, or cannot be read.
    """
    model = models.get(name)
    if model is None:
        raise UnreadableError(f"no such message; there are {', '.join(models)}")
    if len(payloads) != 1:
        raise UnreadableError(f"takes one argument, {model.__name__}, and got {len(payloads)}")
    try:
        return model.model_validate(workflow.payload_converter().from_payload(payloads[0].payload))
    except ValidationError as error:
        raise UnreadableError(in_words(error)) from error
    except (
        ArithmeticError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:  # whatever a converter raises on what it cannot read
        raise UnreadableError("its payload cannot be read as JSON") from error
