"""A policy in which days pass like seconds, so that people can watch in a minute what takes weeks."""

from typing import Any, TypeVar

from schemas.base import Model
from schemas.calendar import Limit, Unit
from schemas.policy import Policy

_DAYS = {
    Unit.SECONDS: 1 / 86_400,
    Unit.MINUTES: 1 / 1_440,
    Unit.HOURS: 1 / 24,
    Unit.DAYS: 1.0,
    Unit.WORKING_HOURS: 1 / 8,
    Unit.WORKING_DAYS: 1.0,
}
_SHORTEST = {"reminders": 5}
"""In seconds; of all other limits, 1. A policy takes no shorter ones."""
AnyModel = TypeVar("AnyModel", bound=Model)


def hurried(policy: Policy, *, day: float) -> Policy:
    """Return a policy whose limits are as many times shorter as a day is longer than `day` seconds.

    Working time counts like any: nobody wants to wait for Monday. No limit is shorter than a policy allows.
    """
    return _hurried(policy, day, name=f"{policy.name}-in-a-hurry")


def _hurried(model: AnyModel, day: float, **changes: str) -> AnyModel:
    fields = {
        name: _shorter(getattr(model, name), day, shortest=_SHORTEST.get(name, 1)) for name in type(model).model_fields
    }
    return type(model).model_validate(fields | changes)


def _shorter(value: Any, day: float, *, shortest: int) -> Any:
    match value:
        case Limit():
            seconds = round(value.value * _DAYS[value.unit] * day)
            return Limit(value=min(max(seconds, shortest), 10_000), unit=Unit.SECONDS)
        case Model():
            return _hurried(value, day)
        case tuple():
            return tuple(_shorter(one, day, shortest=shortest) for one in value)
        case _:
            return value
