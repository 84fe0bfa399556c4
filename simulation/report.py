"""What a simulation found: for machines as JSON, for people in plain words."""

from pydantic import Field

from schemas.base import Model
from simulation.mapping import Verdict


class EventsPerCase(Model):
    """Lengths of the workflows' histories, without the events that exist only because time was virtual."""

    p50: int
    max: int


class Disagreement(Model):
    """A complaint that the source and the engine judge differently."""

    id: str = Field(description="the source's own name of it")
    source: Verdict
    engine: Verdict


class Loss(Model):
    """A complaint that could not be run to its end."""

    id: str = Field(description="the source's own name of it")
    reason: str


class RoutingScore(Model):
    """How often rules learnt from one part of the whole table name the source's agency in the other part."""

    trained_on: int
    tested_on: int
    right: int
    share: float = Field(description="right of tested_on")
    baseline: float = Field(description="the same, if only the agency that a category mostly goes to were known")
    baseline_whole: float = Field(
        description="the same, learnt from and tested with all rows that name a category: a source's own regularity"
    )
    to_triage: int = Field(description="of tested_on: no agency found, mostly for want of a place; none is right")
    routes: int = Field(description="how many routes were learnt")
    ran: int = Field(default=0, description="cases that ran through the workflow and whose agency the source names")
    ran_right: int = Field(default=0, description="of those: cases that the workflow routed to the source's agency")
    ran_otherwise: int = Field(default=0, description="cases that the workflow routed otherwise than the pure function")


class Report(Model):
    """The result of a simulation. Rows drawn = cases + all skipped; cases = on time + overdue + lost."""

    cases: int = Field(description="rows that were started as cases")
    agree: int = Field(description="cases that the engine judges as the source does")
    disagree: int
    on_time: int = Field(description="cases that let no deadline pass, by the engine")
    overdue: int
    skipped: dict[str, int] = Field(description="rows that were drawn and not started, by reason")
    escalations: int = Field(description="climbs to the next level that stand")
    sanctions: int = Field(description="sanction proposals that stand: those made less those annulled")
    events_per_case: EventsPerCase
    seconds: float = Field(description="of the wall's clock, from start to end, servers included")
    lost: int = Field(description="cases that could not be run to their end")
    without_row: int = Field(description="complaints that were accepted and have no case in the database")
    timeline_gaps: int = Field(description="cases whose timeline is not numbered without gaps")
    sanctions_twice: int = Field(description="proposals made more than once for one case, level and rule")
    broken_chains: int = Field(description="cases whose sanction ledger does not hold")
    triaged: int = Field(description="cases that no agency could be put in charge of")
    routing: RoutingScore
    disagreements: tuple[Disagreement, ...]
    losses: tuple[Loss, ...]

    @property
    def flawless(self) -> bool:
        """Whether the engine agrees with the source throughout, and nothing is lost, doubled or broken."""
        return not (
            self.disagree
            or self.lost
            or self.without_row
            or self.timeline_gaps
            or self.sanctions_twice
            or self.broken_chains
            or self.routing.ran_otherwise
        )


def render(report: Report) -> str:
    """Return the report in plain words, some lines of text."""
    skipped = sum(report.skipped.values())
    lines = [
        f"{report.cases + skipped} complaints drawn, {report.cases} run as cases in {report.seconds:.0f} s,"
        f" {skipped} skipped",
        *(f"  skipped {number}: {reason}" for reason, number in report.skipped.items()),
        "",
        f"Lateness: {report.on_time} on time, {report.overdue} overdue",
        _agreement(report),
        *(f"  {one.id}: the source says {one.source}, the engine {one.engine}" for one in report.disagreements),
        f"  {report.escalations} escalations, {report.sanctions} sanction proposals that stand",
        "",
        *_routing(report.routing),
        f"  {report.triaged} of the cases run went to triage",
        "",
        f"History events per case: median {report.events_per_case.p50}, longest {report.events_per_case.max}",
        *_integrity(report),
    ]
    return "\n".join(lines)


def _agreement(report: Report) -> str:
    judged = report.agree + report.disagree
    if not judged:
        return "  the source judges no lateness, so there is nothing to compare with"
    return f"  the engine agrees with the source in {report.agree} of {judged} verdicts ({report.agree / judged:.1%})"


def _routing(routing: RoutingScore) -> list[str]:
    lines = [
        f"Routing: learnt from {routing.trained_on} complaints ({routing.routes} routes),"
        f" tested with {routing.tested_on} others",
        f"  {routing.right} go to the agency that the source names: {routing.share:.1%}",
        f"  baseline, the majority agency of each category: {routing.baseline:.1%} learnt from the same complaints,"
        f" {routing.baseline_whole:.1%} over the whole table itself",
    ]
    if routing.to_triage:
        rest = routing.tested_on - routing.to_triage
        share = f" (of the rest, {routing.right / rest:.1%} are right)" if rest else ""
        lines.append(f"  {routing.to_triage} go to triage, where people decide; none of those counts as right{share}")
    lines.append(
        f"  of the cases run, {routing.ran_right} of {routing.ran} went to the agency that the source names"
        " (they are drawn from all rows: most were learnt from)"
    )
    return lines


def _integrity(report: Report) -> list[str]:
    flaws = {
        "lost": report.lost,
        "without a row in the database": report.without_row,
        "with gaps in the timeline": report.timeline_gaps,
        "sanctions proposed twice": report.sanctions_twice,
        "with a broken sanction ledger": report.broken_chains,
        "routed otherwise than planned": report.routing.ran_otherwise,
    }
    found = ", ".join(f"{number} {what}" for what, number in flaws.items() if number)
    if not found:
        return ["Integrity: nothing lost, no gap in a timeline, no sanction proposed twice, every ledger holds"]
    return [f"Integrity: {found}", *(f"  lost {loss.id}: {loss.reason}" for loss in report.losses)]
