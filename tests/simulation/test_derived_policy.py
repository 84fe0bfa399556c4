from pathlib import Path

from domain.routing import route
from schemas.case import TriageReason
from schemas.policy import Policy
from simulation.derived_policy import derive
from simulation.learning import Scope, learn, learn_by_category, split
from simulation.mapping import load_mapping
from simulation.reading import Matter
from simulation.routing_score import score

MAPPING = load_mapping(Path(__file__).parents[2] / "examples" / "mappings" / "surabaya.toml")


def matter(category: str, agency: str | None, *names: str) -> Matter:
    return Matter(category, tuple("/".join(names[: n + 1]) for n in range(len(names))), agency)


TABLE = [
    *[matter("Waste", "Sanitation", "North", "Alley")] * 12,
    *[matter("Waste", "Sanitation", "South", "Bridge")] * 12,
    *[matter("Waste", "Port", "North", "Harbour")] * 9,
    *[matter("Office", "Office of North", "North", "Alley")] * 8,
    *[matter("Office", "Office of South", "South", "Bridge")] * 9,
    *[matter("Office", "Office of South", "South", "Creek")] * 8,
]


def policy_of(table: list[Matter]) -> Policy:
    return derive(MAPPING, table, learn(table))


def test_a_place_has_a_route_of_its_own_only_where_it_differs() -> None:
    assert learn(TABLE) == {
        Scope("Waste", None): "Sanitation",
        Scope("Waste", "North/Harbour"): "Port",
        Scope("Office", None): "Office of South",
        Scope("Office", "North"): "Office of North",
    }


def test_an_exception_that_would_mislead_elsewhere_is_not_believed() -> None:
    stray = [matter("Waste", f"Stray {n}", "North", f"Lane {n}") for n in range(6)]
    regular = [matter("Waste", "Sanitation", "North", f"Lane {n}") for n in range(6) for _ in range(3)]

    assert learn([*stray, *regular]) == {Scope("Waste", None): "Sanitation"}


def test_the_policy_routes_to_the_narrowest_place_that_is_known() -> None:
    policy = policy_of([*TABLE, matter("Noise", None, "North", "Alley")])

    assert route(policy, "Waste", "North/Harbour") == "Port"
    assert route(policy, "Waste", "North/Alley") == "Sanitation"
    assert route(policy, "Office", "North/Alley") == "Office of North"
    assert route(policy, "Office", "South") == "Office of South"
    assert route(policy, "Waste", None) is TriageReason.NO_PLACE
    assert route(policy, "Noise", "North") is TriageReason.NO_OWNER


def test_the_policy_is_the_same_on_every_day_and_in_every_order() -> None:
    assert policy_of(TABLE).version == policy_of(TABLE).version
    assert {level.limit.unit for ladder in policy_of(TABLE).ladders for level in ladder.levels} == {"days"}


def test_an_agency_of_the_source_may_be_called_like_the_inspectorate() -> None:
    policy = policy_of([matter("Waste", "inspectorate", "North")])

    assert policy.triage.agency not in {route.agency for route in policy.routes}


def test_the_split_is_the_same_for_the_same_seed_and_shares_nothing_out_twice() -> None:
    table = [matter("Waste", f"Agency {n}" if n % 10 else None, "North") for n in range(1000)]
    parts = split(table, 0.7, seed=1)

    assert parts == split(table, 0.7, seed=1)
    assert parts != split(table, 0.7, seed=2)
    assert (len(parts.training), len(parts.held_out)) == (630, 270)
    assert {one.agency for one in parts.training}.isdisjoint(one.agency for one in parts.held_out)


def test_the_score_counts_what_was_held_out_beside_what_the_category_alone_gives() -> None:
    parts = split(TABLE * 4, 0.7, seed=1)
    routing = score(derive(MAPPING, TABLE, learn(parts.training)), TABLE * 4, parts)

    assert routing.tested_on == len(parts.held_out)
    assert (routing.right, routing.share, routing.to_triage) == (routing.tested_on, 1.0, 0)
    assert routing.baseline < 0.8
    assert routing.baseline_whole == round((24 + 17) / len(TABLE), 4)


def test_a_tie_between_agencies_is_broken_always_alike() -> None:
    tie = [matter("Waste", "B", "North"), matter("Waste", "A", "North")]
    assert learn_by_category(tie) == learn_by_category(tie[::-1]) == {"Waste": "A"}
