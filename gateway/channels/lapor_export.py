"""How LAPOR!'s reports stand here, in its own words: a table that goes back to the platform."""

from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.channels.lapor_mapping import Export
from gateway.refusals import RefusedError
from schemas.access import Action, Caller, CallerRole
from schemas.base import Model
from schemas.policy import Policy
from schemas.status import Status
from storage import channel_cases, intake, personal_reads, policies
from storage.channel_cases import ChannelCase
from storage.database import Pool
from storage.persons import ErasedError
from storage.time_zone import zone_named

_READER = "lapor-export"
"""Under which name its reads of texts are recorded."""


class Line(Model):
    """How one report stands. All moments are local ones, with their zone."""

    tracking_id: str
    status: str
    agency: str
    deadline: str
    updated_at: str
    answer: str


class Exporter:
    """Tells how the cases of one channel stand."""

    def __init__(self, pool: Pool, channel: str, words: Export, *, with_answers: bool = False) -> None:
        """Describe what is told.

        Args:
            pool: the database.
            channel: by which the cases came in.
            words: in which words.
            with_answers: tell what the reporter was last answered or asked, too. Each such read is recorded.
        """
        self._pool = pool
        self._words = words
        self._channel = channel
        self._with_answers = with_answers
        self._caller = Caller(id=_READER, role=CallerRole.SYSTEM, channel=channel)
        self._policies: dict[str, Policy] = {}

    @property
    def heading(self) -> list[str]:
        """The names of the columns."""
        names = dict(self._words.headings)
        return [names[field] for field in self._fields]

    @property
    def _fields(self) -> list[str]:
        return [field for field in Line.model_fields if field != "answer" or self._with_answers]

    async def rows(self, since: datetime | None) -> AsyncIterator[list[str]]:
        """Yield the cells of every case to which something happened after a moment (none: of all cases).

        Raises:
            RefusedError: nobody knows the words for a status.
        """
        async for case in channel_cases.changed(self._pool, self._channel, since):
            line = dict(await self._line(case))
            yield [line[field] for field in self._fields]

    async def _line(self, case: ChannelCase) -> Line:
        policy = await self._policy(case.policy_version)
        zone = zone_named(policy.calendar.zone)
        return Line(
            tracking_id=case.external_id,
            status=self._status(case.status, policy),
            agency=next((agency.name for agency in policy.agencies if agency.code == case.agency), ""),
            deadline=_local(case.due_at, zone),
            updated_at=_local(case.updated_at, zone),
            answer=await self._answer(case) if self._with_answers else "",
        )

    def _status(self, status: Status, policy: Policy) -> str:
        if (words := self._words.words.get(status)) is not None:
            return words
        scheme = next((scheme for scheme in policy.schemes if scheme.code == self._words.scheme), None)
        if scheme is None:
            raise RefusedError(
                f"status: the policy {policy.name} has no scheme {self._words.scheme}, and no word for {status.value}"
                " is given: name a scheme of its statuses.toml as export.scheme of the mapping, or all words there"
            )
        return scheme.labels[status].id

    async def _answer(self, case: ChannelCase) -> str:
        """Return what the reporter was last told; nothing, when it had no words or was erased."""
        if case.said is None:
            return ""
        await personal_reads.record(self._pool, self._caller, Action.READ_TEXT, case.case_id, ["text"])
        try:
            return (await intake.texts(self._pool, case.case_id)).get(case.said, "")
        except ErasedError:
            return ""

    async def _policy(self, version: str) -> Policy:
        """Return the policy of a case; a version never changes, so each is read once."""
        if version not in self._policies:
            found = await policies.version(self._pool, version)
            if found is None:
                raise RefusedError(f"policy: version {version} is not in this database")
            self._policies[version] = found
        return self._policies[version]


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}" if moment else ""
