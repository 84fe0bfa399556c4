"""What a provider of messages remembers: the messages that it took, and how it is set to behave."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from simulators.moments import iso, now
from simulators.refusals import Refused


class Message(BaseModel):
    """A message to a phone, as docs/messenger-api.md has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    reference: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]


class Behaviour(BaseModel):
    """How it behaves from now on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    away: Literal["no", "unavailable", "hangs up", "hangs up once taken"] = Field(
        default="no", description="unavailable: 503; hangs up: the connection is cut, before or after the work"
    )
    refuses: tuple[str, ...] = Field(default=(), description="prefixes of numbers that have no such account: 422")
    answers: int | None = Field(default=None, ge=400, le=599, description="to every message, in place of taking it")
    delay_seconds: float = Field(default=0, ge=0, description="before a message is taken, if its sender still waits")


class Phones:
    """All phones that the provider reaches."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.calls = 0
        self._taken: dict[str, dict[str, str]] = {}

    def forget(self) -> None:
        """Forget what was taken, and behave as at the beginning."""
        self.behaviour, self.calls = Behaviour(), 0
        self._taken.clear()

    def take(self, message: Message) -> dict[str, str]:
        """Take a message; return what is answered.

        Raises:
            Refused: one under this reference was taken before, or the number has no account.
        """
        if message.to.startswith(self.behaviour.refuses):
            raise Refused(422, "no_account", "nobody is reached at this number", field="to")
        if message.reference in self._taken:
            raise Refused(409, "duplicate", "a message with this reference was taken before", field="reference")
        number = f"m{len(self._taken) + 1}"
        self._taken[message.reference] = {"id": number, **message.model_dump(), "taken_at": iso(now())}
        return {"id": number}

    @property
    def taken(self) -> list[dict[str, str]]:
        """All that was taken, in order."""
        return [*self._taken.values()]
