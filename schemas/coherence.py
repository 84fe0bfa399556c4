"""Whether the parts of a policy fit together: every name leads somewhere, and nothing is said twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from schemas.calendar import Unit
from schemas.post import Carriage, PointKind
from schemas.sanctions import Trigger

if TYPE_CHECKING:
    from schemas.policy import Agency, Ladder, Policy, Service


def problems(policy: Policy) -> list[str]:
    """Return everything that does not fit, each as "where: what is wrong: the mend"; empty when all does."""
    rules = (_said_twice, _leads_nowhere, _circles, _ladders, _asked, _other, _post, _places)
    return [problem for rule in rules for problem in rule(policy)]


def oversights(policy: Policy) -> list[str]:
    """Return what fits together and is a mistake all the same. Packs are held to it, policies of old cases are not."""
    owned = {route.category for route in policy.routes}
    ladders = {ladder.code for ladder in policy.ladders}
    of_levels = {rule.rule for ladder in policy.ladders for level in ladder.levels for rule in level.sanctions}
    twice = [
        f"sanction {rule.rule} is the name of a level's rule, too: give one of the two another name"
        for rule in policy.sanctions
        if rule.rule in of_levels
    ]
    without = [
        f"agency {agency.code} names no ladder, and there is none with the code default: name one or add it"
        for agency in policy.agencies
        if agency.ladder is None and "default" not in ladders
    ]
    return (
        twice
        + without
        + [
            f"category {category.code} is owned by nobody: add routes, or say refer_to or to_triage = true"
            for category in policy.categories
            if category.code not in owned and category.refer_to is None and not category.to_triage
        ]
    )


def _said_twice(policy: Policy) -> Iterator[str]:
    yield from _repeated("agency", (agency.code for agency in policy.agencies))
    yield from _repeated("region", (region.code for region in policy.regions))
    yield from _repeated("category", (category.code for category in policy.categories))
    yield from _repeated("ladder", (ladder.code for ladder in policy.ladders))
    yield from _repeated("class", (case_class.code for case_class in policy.classes))
    yield from _repeated("addressee", (addressee.code for addressee in policy.addressees))
    yield from _repeated("scheme", (scheme.code for scheme in policy.schemes))
    yield from _repeated("service", (service.code for service in policy.services))
    yield from _repeated("point", (point.code for point in policy.post.points))
    yield from _repeated("slow place", (place.region for place in policy.post.slow_places))
    yield from _repeated("boundary", (boundary.region for boundary in policy.boundaries))
    yield from _repeated("postal code", (f"{code.postal_code} in {code.region}" for code in policy.postal_codes))
    yield from _repeated("sanction", (rule.rule for rule in policy.sanctions))
    for ladder in policy.ladders:
        for level in ladder.levels:
            yield from _repeated(f"ladder {ladder.code}, {level.title}: sanction", (s.rule for s in level.sanctions))
    yield from _repeated("route", (f"{r.category} in {r.region or 'every region'}" for r in policy.routes))


def _leads_nowhere(policy: Policy) -> Iterator[str]:
    agencies, regions = {a.code for a in policy.agencies}, {r.code for r in policy.regions}
    categories, ladders = {c.code for c in policy.categories}, {ladder.code for ladder in policy.ladders}
    classes, addressees = {c.code for c in policy.classes}, {a.code for a in policy.addressees}
    levels = [(f"ladder {ladder.code}, {level.title}", level) for ladder in policy.ladders for level in ladder.levels]
    yield from _unknown("region", ((f"region {r.code}", r.parent) for r in policy.regions), regions)
    yield from _unknown("region", ((f"agency {a.code}", a.government) for a in policy.agencies), regions)
    yield from _unknown("ladder", ((f"agency {a.code}", a.ladder) for a in policy.agencies), ladders)
    yield from _unknown("ladder", ((f"category {c.code}", c.ladder) for c in policy.categories), ladders)
    yield from _unknown("class", ((f"category {c.code}", c.case_class) for c in policy.categories), classes)
    yield from _unknown("addressee", ((f"category {c.code}", c.refer_to) for c in policy.categories), addressees)
    yield from _unknown("agency", ((f"category {c.code}", c.otherwise) for c in policy.categories), agencies)
    yield from _unknown("category", ((f"route to {r.agency}", r.category) for r in policy.routes), categories)
    yield from _unknown("region", ((f"route of {r.category}", r.region) for r in policy.routes), regions)
    yield from _unknown("agency", ((f"route of {r.category}", r.agency) for r in policy.routes), agencies)
    yield from _unknown("agency", ((where, level.agency) for where, level in levels), agencies)
    yield from _unknown("category", ((f"service {s.code}", s.category) for s in policy.services), categories)
    yield from _unknown("class", ((f"service {s.code}", s.case_class) for s in policy.services), classes)
    yield from _unknown("region", ((f"point {p.code}", p.region) for p in policy.post.points), regions)
    yield from _unknown("region", ((f"slow place {s.region}", s.region) for s in policy.post.slow_places), regions)
    yield from _unknown("addressee", ((f"region {r.code}", r.refer_to) for r in policy.regions), addressees)
    yield from _unknown("region", ((f"boundary {b.region}", b.region) for b in policy.boundaries), regions)
    yield from _unknown("region", ((f"postal code {c.postal_code}", c.region) for c in policy.postal_codes), regions)
    yield from _unknown("region", [("outside", policy.outside)], regions)
    yield from _unknown("agency", [("triage", policy.triage.agency)], agencies)
    yield from _unknown("ladder", [("triage", policy.triage.ladder)], ladders)


def _ladders(policy: Policy) -> Iterator[str]:
    """Every agency's cases climb some ladder, and that ladder has its levels in the agency's own government."""
    ladders = {ladder.code: ladder for ladder in policy.ladders}
    agencies = {agency.code: agency for agency in policy.agencies}
    kinds = {(agency.kind, agency.government) for agency in policy.agencies}
    for ladder in policy.ladders:
        yield from _levels(ladder)
    climbed = {(route.agency, ladder) for route in policy.routes for ladder in _climbed(policy, route.category)}
    climbed |= {(agency.code, agency.ladder) for agency in policy.agencies if agency.ladder}
    for code, named in sorted(climbed, key=str):
        agency = agencies.get(code)
        if agency is None:
            continue
        ladder_code = named or agency.ladder or "default"
        found = ladders.get(ladder_code)
        if found is None and named is None and agency.ladder is None:
            yield f"agency {code} names no ladder, and there is none with the code default: name one or add it"
        elif found is not None:
            yield from _missing_kinds(found, agency, kinds)


def _climbed(policy: Policy, category: str) -> list[str | None]:
    return [found.ladder for found in policy.categories if found.code == category]


def _levels(ladder: Ladder) -> Iterator[str]:
    for number, level in enumerate(ladder.levels):
        place = f"ladder {ladder.code}, {level.title}"
        if level.agency is not None and level.agency_kind is not None:
            yield f"{place} has both an agency and an agency_kind: keep one"
        if level.offer is not None and number == 0:
            yield f"{place} offers {level.offer.route} before any superior was asked: move the offer to a higher level"
    if any(pause.unit in (Unit.SECONDS, Unit.MINUTES) and pause.value < 5 for pause in ladder.reminders):
        yield f"ladder {ladder.code} reminds every few seconds: give its reminders more time"


def _missing_kinds(ladder: Ladder, agency: Agency, kinds: set[tuple[str | None, str | None]]) -> Iterator[str]:
    for level in ladder.levels:
        if level.agency_kind is not None and (level.agency_kind, agency.government) not in kinds:
            government = agency.government or "which it does not name"
            yield (
                f"ladder {ladder.code}, {level.title} needs the {level.agency_kind} of the government of {agency.code}"
                f" ({government}), and no agency is that: add one with this kind and government"
            )


def _other(policy: Policy) -> Iterator[str]:
    if policy.effective_to is not None and policy.effective_to < policy.effective_from:
        yield "effective_to lies before effective_from: correct one of the two"
    known = {s.rule for s in policy.sanctions}
    known |= {s.rule for ladder in policy.ladders for level in ladder.levels for s in level.sanctions}
    for rule in policy.sanctions:
        if rule.trigger is Trigger.NOT_CURED and rule.cures not in known:
            yield f"sanction {rule.rule} cures {rule.cures}, which is no sanction's rule: correct the name"
    if policy.duplicates is not None and policy.duplicates.within.unit in (Unit.WORKING_DAYS, Unit.WORKING_HOURS):
        yield "duplicates: within counts working time: write days or hours"


def _post(policy: Policy) -> Iterator[str]:
    """What is requested can be paid for, carried and handed over by the post as it is."""
    post, hubs = policy.post, {point.code for point in policy.post.points if point.kind is PointKind.HUB}
    serving = [point for point in post.points if point.kind is not PointKind.HUB]
    carried = {carriage for point in serving for carriage in point.carries}
    for service in policy.services:
        where, terms = f"service {service.code}", service.delivery
        for leg in terms.legs:
            if leg.to not in hubs:
                yield f"{where} goes by way of {leg.to}, which is no hub of the post: add it as one or correct the code"
        if post.points and terms.carriage not in carried:
            yield f"{where} is carried as {terms.carriage}, and no office or agent carries that: let one carry it"
        yield from _money(service)


def _places(policy: Policy) -> Iterator[str]:
    """What lies outside of everything has somebody who is in charge of it."""
    elsewhere = next((region for region in policy.regions if region.code == policy.outside), None)
    if elsewhere is not None and elsewhere.refer_to is None:
        yield f"outside names the region {elsewhere.code}, which has no refer_to: say there whom to refer to"


def _money(service: Service) -> Iterator[str]:
    where, cash = f"service {service.code}", service.delivery.carriage is Carriage.CASH
    if service.pays_out and not cash:
        yield f'{where} pays_out and is not carried as cash: write carriage = "cash" or pays_out = false'
    if cash and not service.pays_out:
        yield f"{where} is carried as cash and pays nothing out: write pays_out = true or another carriage"
    if service.pays_out and service.payment is not None:
        yield f"{where} pays_out and has a payment: whoever is paid pays nothing: remove one of the two"
    if service.pays_out and service.delivery.reissues:
        yield f"{where} pays_out and is reissued: money is never sent a second time: write reissues = 0"


def _asked(policy: Policy) -> Iterator[str]:
    """Every question of a category has its own code and its own turn, every answer of a list its own key."""
    for category in policy.categories:
        where = f"category {category.code}"
        yield from _repeated(f"{where}: attribute", (asked.code for asked in category.attributes))
        yield from _repeated(f"{where}: order", (str(asked.order) for asked in category.attributes))
        for asked in category.attributes:
            yield from _repeated(f"{where}, {asked.code}: key", (choice.key for choice in asked.values))


def _repeated(kind: str, codes: Iterable[str]) -> list[str]:
    return [f"{kind} {code} is listed {n} times: keep one" for code, n in Counter(codes).items() if n > 1]


def _unknown(kind: str, mentions: Iterable[tuple[str, str | None]], known: set[str]) -> list[str]:
    return [
        f"{where} names the {kind} {code}, which is not listed: add it or correct the name"
        for where, code in mentions
        if code is not None and code not in known
    ]


def _circles(policy: Policy) -> Iterator[str]:
    parents = {region.code: region.parent for region in policy.regions}
    for start, parent in parents.items():
        seen, here = {start}, parent
        while here is not None and here not in seen:
            seen.add(here)
            here = parents.get(here)
        if here == start:
            yield f"region {start} lies within itself: correct its parent"
