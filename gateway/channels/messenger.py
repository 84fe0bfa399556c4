"""WhatsApp and SMS as destinations: one short message in plain text to one number, through a provider."""

import re
from dataclasses import dataclass
from typing import Protocol

from gateway.words import Letter

LONGEST = 1_000
"""Letters of a message, which has to stay below that."""
_RULE = re.compile(r"^-{3,}\n", flags=re.MULTILINE)
"""Parts the languages of a letter."""
_BETWEEN = "\n--\n"
_CUT = "..."


class MessengerProvider(Protocol):
    """Whoever takes messages for phones."""

    async def send(self, number: str, text: str, reference: str) -> None:
        """Hand over a message; return once it is the provider's.

        Args:
            number: as E.164: personal data; may not appear in any log or error.
            text: plain, below 1,000 letters.
            reference: the same for the same message, however often it is tried: the provider sends it once.

        Raises:
            RefusedByDestinationError: this number does not work now, or at all.
            ChannelAwayError: nothing can be sent now.
        """


@dataclass(frozen=True)
class MessengerDestination:
    """Delivers letters as messages to phones."""

    channel: str
    provider: MessengerProvider

    async def deliver(self, address: str, said: Letter, reference: str) -> None:
        """Hand a letter to the provider in short. Raises as `MessengerProvider.send` does."""
        await self.provider.send(address, in_short(said), reference)


def in_short(said: Letter) -> str:
    """Return a letter as one message: its languages in their order, each cut at a line if it is too long.

    Each begins with what happened and the case's number, so that what is cut is the least of it.
    """
    parts = [re.sub(r"\n{2,}", "\n", part).strip() for part in _RULE.split(said.body)]
    room = (LONGEST - 1 - len(_BETWEEN) * (len(parts) - 1)) // len(parts)
    whole = _BETWEEN.join(parts)
    return whole if len(whole) < LONGEST else _BETWEEN.join(_cut(part, room) for part in parts)


def _cut(text: str, room: int) -> str:
    """Return as many whole lines as there is room for; of a first one that is longer, its beginning."""
    if len(text) <= room:
        return text
    begun = text[: room - len(_CUT) - 1]
    return f"{begun.rpartition(chr(10))[0] or begun}\n{_CUT}"
