"""The policy of a run: the source's agencies, places and categories, routes that were learnt, and a plain ladder."""

from collections.abc import Iterable, Sequence
from datetime import date

from schemas.calendar import CalendarRules, Hours, Week, limit
from schemas.policy import (
    Agency,
    Category,
    Ladder,
    Level,
    Policy,
    Region,
    Route,
    SanctionRule,
    Subject,
    Triage,
)
from simulation.learning import Routes
from simulation.mapping import Mapping
from simulation.reading import Matter

INSPECTORATE = "inspectorate"
"""The agency that holds a ladder's last level, and the triage queue."""

_ALL_DAY = (Hours.model_validate({"opens": "00:00", "closes": "24:00"}),)
_LEVELS = (
    ("Operator", "operator", "5 days", Subject.HOLDER),
    ("Head of agency", "head-of-agency", "5 days", Subject.AGENCY_HEAD),
    ("Inspectorate", "inspector", "10 days", Subject.AGENCY),
)


def derive(mapping: Mapping, matters: Sequence[Matter], routes: Routes) -> Policy:
    """Return a policy that knows all of the source's names, and only the given routes.

    Its calendar never closes and its clocks show UTC, so that a run does not depend on the day that it happens on.
    """
    agencies = sorted({matter.agency for matter in matters if matter.agency})
    inspectorate = _not_among(agencies, INSPECTORATE)
    return Policy(
        name=f"simulation-{mapping.name}"[:120].strip(),
        title=f"Derived from: {mapping.title}",
        effective_from=date(2000, 1, 1),
        calendar=CalendarRules(zone="UTC", week=_never_closed(), valid_to=date.max),
        agencies=tuple(Agency(code=code, name=code) for code in (*agencies, inspectorate)),
        regions=_regions(matter.places for matter in matters),
        categories=tuple(
            Category(code=code, name=code, place_required=bool(mapping.columns.place))
            for code in sorted({matter.category for matter in matters})
        ),
        routes=tuple(
            Route(category=scope.category, region=scope.region, agency=agency)
            for scope, agency in sorted(routes.items(), key=lambda item: (item[0].category, item[0].region or ""))
        ),
        ladders=(Ladder(code="default", levels=_levels(inspectorate)),),
        triage=Triage(queue="triage", agency=inspectorate),
    )


def _never_closed() -> Week:
    return Week.model_validate(dict.fromkeys(Week.model_fields, _ALL_DAY))


def _regions(paths: Iterable[tuple[str, ...]]) -> tuple[Region, ...]:
    parents = {code: parent for path in paths for parent, code in zip((None, *path), path, strict=False)}
    return tuple(Region(code=code, name=code, parent=parents[code]) for code in sorted(parents))


def _levels(inspectorate: str) -> tuple[Level, ...]:
    return tuple(
        Level(
            title=title,
            role=role,
            agency=inspectorate if title == "Inspectorate" else None,
            limit=limit(length),
            sanctions=(
                SanctionRule(
                    rule=f"LATE-{number}",
                    subject=subject,
                    sanction="is counted, nothing more",
                    points=number,
                    basis="none: this policy exists for one simulation",
                    provisional=True,
                ),
            ),
        )
        for number, (title, role, length, subject) in enumerate(_LEVELS, start=1)
    )


def _not_among(taken: Sequence[str], wanted: str) -> str:
    while wanted in taken:
        wanted += "-of-the-simulation"
    return wanted
