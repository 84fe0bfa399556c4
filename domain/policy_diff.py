"""What changes for whom when one policy takes the place of another."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from domain.policy_change import Change, entry, fields, if_other, pairs
from domain.regions import outwards
from schemas.calendar import CalendarRules, Hours, Season, Week
from schemas.policy import Category, Level, Policy, SanctionRule, Subject
from schemas.post import Point, Post
from schemas.status import Label, Status

__all__ = ["Change", "by_whom", "changes"]

EVERYBODY = "everybody"
REPORTERS = "reporters"
EVERY_AGENCY = "every agency"

_OF_POLICY = (
    *("name", "title", "effective_from", "effective_to", "head_role", "points_period"),
    *("outside", "near_boundary_km", "near_centre_km"),
)
_SUBJECTS = {
    Subject.HOLDER: "whoever holds a case",
    Subject.OPERATOR: "operators",
    Subject.AGENCY_HEAD: "heads of agencies",
    Subject.AGENCY: EVERY_AGENCY,
}
_FEW = 20
"""So many points of the post, boundaries or postal codes that changed are said one by one."""

_FOR_AGENCIES = ("transfer", "evidence", "hold", "extension")
"""What the names of those windows and bounds speak of that concern agencies rather than reporters."""


def changes(before: Policy, after: Policy) -> list[Change]:
    """Return everything that differs; nothing when both are the same version."""
    if before.version == after.version:
        return []
    return [
        *fields(EVERYBODY, "", before, after, only=(*_OF_POLICY, "duplicates", "quiet_hours")),
        *fields(EVERYBODY, "triage desk", before.triage, after.triage),
        *_calendar(before.calendar, after.calendar),
        *_handling(before, after),
        *_lists(before, after),
        *_drawn(before, after),
        *_services(before, after),
        *_post(before.post, after.post),
        *_schemes(before, after),
        *_routes(before, after),
        *_ladders(before, after),
        *_sanctions("", before.sanctions, after.sanctions),
    ]


def by_whom(found: Iterable[Change]) -> dict[str, list[Change]]:
    """Return changes grouped by whom they concern: everybody and reporters first, single agencies last."""
    groups = defaultdict[str, list[Change]](list)
    for change in found:
        groups[change.concerns].append(change)
    first = [EVERYBODY, REPORTERS, EVERY_AGENCY]
    rank = {name: first.index(name) if name in first else 3 + name.startswith("agency ") for name in groups}
    return {name: groups[name] for name in sorted(groups, key=lambda name: (rank[name], name))}


def _handling(before: Policy, after: Policy) -> Iterator[Change]:
    for name in type(after.handling).model_fields:
        concerns = EVERY_AGENCY if any(word in name for word in _FOR_AGENCIES) else REPORTERS
        concerns = "whoever a sanction is proposed for" if name == "objection" else concerns
        yield from fields(concerns, "", before.handling, after.handling, only=(name,))


def _lists(before: Policy, after: Policy) -> Iterator[Change]:
    for code, *region in pairs("code", before.regions, after.regions):
        yield from entry(EVERYBODY, f"region {code}", *region)
    for code, *case_class in pairs("code", before.classes, after.classes):
        yield from entry(EVERYBODY, f"class {code}", *case_class)
    for code, *category in pairs("code", before.categories, after.categories):
        yield from entry(REPORTERS, f"category {code}", *category)
    for code, *addressee in pairs("code", before.addressees, after.addressees):
        yield from entry(REPORTERS, f"addressee {code}", *addressee)
    for code, *agency in pairs("code", before.agencies, after.agencies):
        yield from entry(f"agency {code}", f"agency {code}", *agency)


def _drawn(before: Policy, after: Policy) -> Iterator[Change]:
    """Yield which boundaries are other than before, without their thousands of positions, and which postal codes."""
    olds, news = ({boundary.region: boundary for boundary in policy.boundaries} for policy in (before, after))
    others = [region for region in {**news, **olds} if olds.get(region) != news.get(region)]
    yield from _number("boundaries", olds, news, others)
    for region in others if len(others) <= _FEW else ():
        was, becomes = ("drawn" if region in drawn else None for drawn in (olds, news))
        yield Change(concerns=EVERYBODY, what=f"boundary {region}", before=was, after=becomes and f"{becomes} anew")
    one, two = ({f"{code.postal_code} in {code.region}" for code in policy.postal_codes} for policy in (before, after))
    moved = sorted(one ^ two)
    yield from _number("postal codes", one, two, moved)
    for code in moved if len(moved) <= _FEW else ():
        was, becomes = ("used" if code in used else None for used in (one, two))
        yield Change(concerns=EVERYBODY, what=f"postal code {code}", before=was, after=becomes)


def _number(what: str, before: Collection[str], after: Collection[str], others: Collection[str]) -> Iterator[Change]:
    """Yield how many of a kind are other than before."""
    if others:
        came, went = len({*after} - {*before}), len({*before} - {*after})
        said = f"{len(after)} ({came} new, {went} no longer, {len(others) - came - went} changed)"
        yield Change(concerns=EVERYBODY, what=what, before=str(len(before)), after=said)


def _schemes(before: Policy, after: Policy) -> Iterator[Change]:
    for code, old, new in pairs("code", before.schemes, after.schemes):
        yield from if_other(REPORTERS, f"scheme {code}", old.name if old else None, new.name if new else None)
        for status in Status:
            words = [_label(scheme.labels[status]) if scheme else None for scheme in (old, new)]
            yield from if_other(REPORTERS, f'scheme {code}, "{status}" is called', *words)


def _label(label: Label) -> str:
    return f"{label.id} / {label.en} ({label.colour})"


# ---- Services and the post -----------------------------------------------------------------------------------------


def _services(before: Policy, after: Policy) -> Iterator[Change]:
    for code, old, new in pairs("code", before.services, after.services):
        if old is None or new is None:
            yield from entry(REPORTERS, f"service {code}", old, new)
        else:
            yield from fields(REPORTERS, f"service {code}", old, new, leave=("delivery",))
            yield from fields(REPORTERS, f"service {code}, delivery", old.delivery, new.delivery)


def _post(before: Post, after: Post) -> Iterator[Change]:
    yield from fields(EVERYBODY, "watch over shipments", before.watch, after.watch)
    for region, *slow in pairs("region", before.slow_places, after.slow_places):
        yield from entry(EVERYBODY, f"slow place {region}", *slow)
    yield from _points(before.points, after.points)


def _points(before: Sequence[Point], after: Sequence[Point]) -> Iterator[Change]:
    """Yield how many points are other than before; which, only when they are few: a post has tens of thousands."""
    others = [(code, old, new) for code, old, new in pairs("code", before, after) if old != new]
    olds, news = ({point.code for point in points} for points in (before, after))
    yield from _number("points of the post", olds, news, [code for code, _, _ in others])
    for code, *point in others if len(others) <= _FEW else ():
        yield from entry(EVERYBODY, f"point {code}", *point)


# ---- Routes --------------------------------------------------------------------------------------------------------


def _routes(before: Policy, after: Policy) -> Iterator[Change]:
    """Yield who takes whose place, for the widest region that changes as a whole."""
    was, becomes = _Owners(before, after), _Owners(after, before)
    names = {region.code: region.name for policy in (before, after) for region in policy.regions}
    agencies = {agency.code for policy in (before, after) for agency in policy.agencies}
    for code, old, new in pairs("code", before.categories, after.categories):
        seen: dict[str | None, tuple[str | None, str | None]] = {}
        for region in _widest_first(becomes.parents, placeless=not all(c.place_required for c in (old, new) if c)):
            seen[region] = was.of(old, region), becomes.of(new, region)
            wider = becomes.parents[region] if region is not None else region
            if seen[region][0] == seen[region][1] or (wider != region and seen.get(wider) == seen[region]):
                continue
            place = "everywhere" if region is None else f"in {names[region]} ({region})"
            for concerns in _concerned(seen[region], agencies):
                yield from if_other(concerns, f"category {code} {place} goes to", *seen[region])


def _widest_first(parents: dict[str, str | None], *, placeless: bool) -> Iterator[str | None]:
    """Yield every region after the one that it lies in; before them, if cases need no place, everywhere."""
    if placeless:
        yield None

    def depth(region: str) -> int:
        parent = parents[region]
        return 0 if parent is None else 1 + depth(parent)

    yield from sorted(parents, key=depth)


def _concerned(owners: tuple[str | None, str | None], agencies: set[str]) -> list[str]:
    """Return whom a change of owner concerns: both agencies, and reporters when it is or was no agency."""
    given = [owner for owner in owners if owner is not None]
    elsewhere = [REPORTERS] if any(owner not in agencies for owner in given) else []
    return [f"agency {owner}" for owner in given if owner in agencies] + elsewhere


class _Owners:
    """Who is in charge under a policy, also of places that only another policy knows."""

    def __init__(self, policy: Policy, other: Policy) -> None:
        self.parents = {region.code: region.parent for region in (*other.regions, *policy.regions)}
        self._referrals = {region.code: region.refer_to for region in policy.regions if region.refer_to}
        self._agencies = {(route.category, route.region): route.agency for route in policy.routes}

    def of(self, category: Category | None, region: str | None) -> str | None:
        """Return the agency in charge, or where the case goes instead; None when there is no such category."""
        if category is None:
            return None
        places = [*outwards(region, self.parents)]
        if away := next((place for place in places if place in self._referrals), None):
            return f"referral to {self._referrals[away]}"
        if owned := next((place for place in places if (category.code, place) in self._agencies), None):
            return self._agencies[category.code, owned]
        nobody = f"referral to {category.refer_to}" if category.refer_to else "the triage desk"
        return self._agencies.get((category.code, None), nobody)


# ---- Ladders and sanctions -----------------------------------------------------------------------------------------


def _ladders(before: Policy, after: Policy) -> Iterator[Change]:
    for code, old, new in pairs("code", before.ladders, after.ladders):
        concerns = _climbers(after if new else before, code)
        if old is not None and new is not None:
            yield from fields(concerns, f"ladder {code}", old, new, only=("reminders",))
        olds, news = (tuple(enumerate(ladder.levels, start=1)) if ladder else () for ladder in (old, new))
        for was, becomes in _matched(olds, news):
            yield from _level(concerns, f"ladder {code}", was, becomes)


_Rung = tuple[int, Level]
"""A level with its number."""


def _level(concerns: str, ladder: str, was: _Rung | None, becomes: _Rung | None) -> Iterator[Change]:
    place = f"{ladder}, level {_rung(becomes or was)}"
    old, new = (rung and rung[1] for rung in (was, becomes))
    if was is None or becomes is None:
        yield from if_other(concerns, place, _held(old), _held(new))
    else:
        yield from if_other(concerns, f"{place}, number of the level", str(was[0]), str(becomes[0]))
        yield from fields(concerns, place, was[1], becomes[1], leave=("sanctions",))
    yield from _sanctions(place, old.sanctions if old else (), new.sanctions if new else ())


def _rung(rung: _Rung | None) -> str:
    return "" if rung is None else f"{rung[0]} ({rung[1].title})"


def _held(level: Level | None) -> str | None:
    return None if level is None else f"{level.role}, {level.limit}"


def _matched(before: Sequence[_Rung], after: Sequence[_Rung]) -> Iterator[tuple[_Rung | None, _Rung | None]]:
    """Yield which level became which: that of the same role, else that with the same number."""
    left = list(before)
    became: dict[int, _Rung] = {}
    for same in (_same_role, _same_number):
        for rung in after:
            found = next((old for old in left if same(old, rung)), None)
            if found is not None and rung[0] not in became:
                became[rung[0]] = found
                left.remove(found)
    yield from ((became.get(rung[0]), rung) for rung in after)
    yield from ((rung, None) for rung in left)


def _same_role(one: _Rung, other: _Rung) -> bool:
    return one[1].role == other[1].role


def _same_number(one: _Rung, other: _Rung) -> bool:
    return one[0] == other[0]


def _climbers(policy: Policy, ladder: str) -> str:
    """Return whose cases climb a ladder."""
    agencies, categories = {a.code: a for a in policy.agencies}, {c.code: c for c in policy.categories}
    climbing = {policy.triage.agency} if policy.triage.ladder == ladder else set[str]()
    for route in policy.routes:
        if (categories[route.category].ladder or agencies[route.agency].ladder or "default") == ladder:
            climbing.add(route.agency)
    return f"agency {climbing.pop()}" if len(climbing) == 1 else f"agencies on the ladder {ladder}"


def _sanctions(place: str, before: Sequence[SanctionRule], after: Sequence[SanctionRule]) -> Iterator[Change]:
    for code, old, new in pairs("rule", before, after):
        what = ", ".join(filter(None, (place, f"sanction {code}")))
        concerned = {_SUBJECTS[rule.subject] for rule in (old, new) if rule is not None}
        for concerns in sorted(concerned):
            yield from entry(concerns, what, old, new)


# ---- Calendar ------------------------------------------------------------------------------------------------------


def _calendar(before: CalendarRules, after: CalendarRules) -> Iterator[Change]:
    yield from fields(EVERYBODY, "calendar", before, after, only=("zone", "valid_to"))
    yield from _week("", before.week, after.week)
    for name, old, new in pairs("name", before.seasons, after.seasons):
        yield from if_other(EVERYBODY, f"season {name}", _season(old), _season(new))
        if old is not None and new is not None:
            yield from _week(f"season {name}, ", old.week, new.week)
    for day in sorted({*before.holidays, *after.holidays}):
        yield from if_other(EVERYBODY, f"{day:%A} {day}", _day(before, day), _day(after, day))


def _season(season: Season | None) -> str | None:
    return None if season is None else f"{season.first} to {season.last}"


def _week(place: str, before: Week, after: Week) -> Iterator[Change]:
    for name, old, new in zip(Week.model_fields, before.days, after.days, strict=True):
        yield from if_other(EVERYBODY, f"{place}working hours on {name}", _hours(old), _hours(new))


def _day(calendar: CalendarRules, day: date) -> str:
    if day in calendar.holidays:
        return f"day off ({calendar.holidays[day]})"
    if day > calendar.valid_to:
        return "not decreed yet"
    hours = calendar.hours_on(day)
    return f"working day ({_hours(hours)})" if hours else "no working hours"


def _hours(stretches: Sequence[Hours]) -> str:
    said = [stretch.model_dump() for stretch in stretches]
    return ", ".join(f"{stretch['opens']}-{stretch['closes']}" for stretch in said) or "none"
