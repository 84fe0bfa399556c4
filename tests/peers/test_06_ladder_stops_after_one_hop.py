"""The ladder stopped after one hop (seen in CCRS), or only the first level ever fired (seen in GLPI).

A case left alone climbs the whole ladder, one level for each limit, each warned, proposed for and left once; and at
the top it does not fall silent.
"""

from datetime import UTC, datetime, timedelta

from schemas.case import CaseView
from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.peers.following import HOUR, moments, replays
from tests.policies.packs import lampung

HOLDERS = ["operator@ROADS", "head-of-division@ROADS", "head-of-agency@ROADS", "inspector@INSPECTORATE"]


async def test_a_case_left_alone_climbs_the_whole_ladder_one_level_per_limit(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy("10 days"))
    views: list[CaseView] = [await kawal.stored(case.id)]
    views += [await kawal.pass_time(case, timedelta(days=10, minutes=1)) for _ in range(4)]
    assert [view.holder for view in views] == [*HOLDERS, HOLDERS[-1]]
    assert [view.level for view in views] == [0, 1, 2, 3, 3]
    opened = views[0].opened_at
    for kind, first in (("warned", 7.5), ("breached", 10)):
        came = [at - opened for _, at in await moments(kawal, case, kind)]
        assert len(came) == 4
        for number, after in enumerate(came):
            assert abs(after - timedelta(days=first + 10 * number)) < HOUR, (kind, number)
    late = [entry.subject for entry in await kawal.ledger(case.id) if entry.rule.endswith("-late")]
    assert late == HOLDERS[:3]
    assert await replays(kawal, case)


async def test_at_the_top_a_case_is_not_forgotten(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy("1 day"))
    view = await kawal.pass_time(case, timedelta(days=4 + 7 + 14 + 28 + 28, hours=1))
    assert (await kawal.kinds(case.id)).count("reminded") == 4
    assert view.owners == (HOLDERS[-1],)
    assert view.what_next is not None
    assert not view.on_time


async def test_a_case_of_the_province_climbs_from_the_liaison_officer_to_the_secretary(kawal: Kawal) -> None:
    policy = lampung()
    levels = next(ladder.levels for ladder in policy.ladders if ladder.code == "default")
    case = await kawal.open(policy, category="road-province", region="18.06")
    view = await kawal.pass_time(case, timedelta(days=120))
    assert view.level == len(levels) - 1 == 4
    assert view.holder == "provincial-secretary@SETDA"
    kinds = await kawal.kinds(case.id)
    assert [kinds.count(kind) for kind in ("warned", "breached", "escalated")] == [5, 5, 4]


def test_however_many_levels_a_ladder_has_each_is_reached_once() -> None:
    for levels in range(1, 5):
        policy = making.policy("10 days", levels=levels, name=f"with-{levels}")
        life = Life(policy, accepted_at=datetime(2026, 11, 23, tzinfo=UTC))
        life.passes(days=400)
        assert life.state.level == levels - 1
        assert [life.kinds.count(kind) for kind in ("warned", "breached", "escalated")] == [levels, levels, levels - 1]
