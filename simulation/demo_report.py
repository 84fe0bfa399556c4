"""What came of the stories of a demonstration."""

from pydantic import Field

from schemas.base import Code, Model
from simulation.service_stories import Ending, Way
from simulation.story_turns import Sign


class Line(Model):
    """One thing that happened in a story."""

    day: float = Field(description="of the story's own days, since the request was accepted")
    what: str


class ToldStory(Model):
    """One story, as it came out."""

    service: Code
    way: Way
    story: str
    request_id: Code
    expected: Ending
    came_out: Ending | None = Field(default=None, description="none: it came to no end")
    signs: tuple[Sign, ...] = Field(default=(), description="that were seen")
    missing: tuple[Sign, ...] = Field(default=(), description="that had to be seen, and were not")
    problem: str | None = Field(default=None, description="what kept it from its end, or speaks against it")
    sanctions: int = Field(default=0, description="proposed against people of the agency")
    path: tuple[str, ...] = Field(default=(), description="the steps of its way, in a word or two")
    seconds: float = Field(default=0, description="of the wall's clock")
    events: int = Field(default=0, description="in the histories of its request, cases and deliveries")
    timeline: tuple[Line, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether it came out as was said beforehand."""
        return self.problem is None and not self.missing and self.came_out == self.expected


class Totals(Model):
    """What the carrier and our own books say of all stories together."""

    shipments: int = Field(description="that the carrier took")
    shipments_twice: int = Field(description="references that the carrier has more than one order of")
    shipments_unknown: int = Field(description="orders that only one of the two sides knows")
    money: dict[str, int] = Field(description="rupiah, by kind, as our books have it")
    payments_twice: int = Field(description="references or receipts that money was counted twice under")
    payouts_twice: int = Field(description="benefits or orders that were paid out more than once")
    books_differ: int = Field(description="receipts that the carrier's settlement and our books do not share")
    webhooks: dict[str, int] = Field(description="what became of the carrier's webhooks")
    calls: dict[str, int] = Field(description="what became of our calls to the carrier")


class DemoReport(Model):
    """The result of a demonstration."""

    policy: Code
    day: float = Field(description="seconds that a day lasted")
    services: int
    agree: int = Field(description="stories that came out as was said beforehand")
    disagree: int
    seconds: float = Field(description="of the wall's clock, servers included")
    totals: Totals
    stories: tuple[ToldStory, ...]

    @property
    def flawless(self) -> bool:
        """Whether every story came out as was said, and nothing was done twice, lost or forged."""
        totals = self.totals
        return not (
            self.disagree
            or totals.shipments_twice
            or totals.shipments_unknown
            or totals.payments_twice
            or totals.payouts_twice
            or totals.books_differ
            or totals.webhooks["forged_accepted"]
        )
