"""What can go wrong with a webhook on purpose. Every outcome comes from the seed and the webhook's id."""

from dataclasses import dataclass
from typing import Any

from simulators.chance import chance
from simulators.settings import Settings


@dataclass(frozen=True)
class Mischief:
    """What is done to one webhook."""

    dropped: bool
    held_back: float
    """Seconds for which it is kept, so that later ones overtake it."""
    copied_after: float | None
    """Seconds until it comes a second time; none: it does not."""
    forged: bool
    replays: bool
    """Whether an old one is sent again after it."""


def mischief(settings: Settings, webhook_id: str) -> Mischief:
    """Throw the dice for a webhook."""
    dice = chance(settings.seed, "webhook", webhook_id)
    drop, reorder, duplicate, forge, replay, late, later = (dice.random() for _ in range(7))
    return Mischief(
        dropped=drop < settings.drop,
        held_back=late * settings.reorder_seconds if reorder < settings.reorder else 0,
        copied_after=later * settings.reorder_seconds if duplicate < settings.duplicate else None,
        forged=forge < settings.forge,
        replays=replay < settings.replay,
    )


def forgery(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message that says something else: another status, or ten times the amount."""
    data = message["data"]
    if "status" in data:
        return {**message, "data": {**data, "status": "lost" if data["status"] == "delivered" else "delivered"}}
    return {**message, "data": {**data, "amount": data["amount"] * 10}}
