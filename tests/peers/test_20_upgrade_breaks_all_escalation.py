"""An upgrade stopped all escalation (seen in Zammad), or sent mails about old tickets as overdue (seen in osTicket).

Cases that were begun under a released version go on under every later one: histories of every version are stored, and
run through the code of today. A version without stored histories is not released.
"""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from audit.replay import replay
from domain.lifecycle import Opened, decide_all, next_moment
from schemas.case import CaseState, Clock
from tests import making
from tests.audit.test_replay import stored
from tests.life import Life
from tests.making import NOON
from tests.peers.following import DAY

ROOT = Path(__file__).parents[2]
STORED = sorted((ROOT / "tests" / "histories").glob("*/*.json"))
_HEADING = re.compile(r"^## (?P<version>\d+\.\d+\.\d+) \((?P<when>[^)]+)\)$", re.MULTILINE)


def told_of() -> dict[str, str]:
    """Return the versions that the changelog tells of, and when each was released."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = {heading["version"]: heading["when"] for heading in _HEADING.finditer(changelog)}
    assert len(found) == changelog.count("\n## "), "CHANGELOG.md: write headings as ## 1.2.3 (2026-11-21)"
    return found


def released() -> list[str]:
    """Return the versions that are released: those with a date."""
    return [version for version, when in told_of().items() if when != "unreleased"]


def test_there_is_a_released_version() -> None:
    assert "0.1.0" in released()


@pytest.mark.parametrize("version", released())
def test_lives_of_every_released_version_are_stored_that_woke_and_that_ended(version: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in STORED if path.parent.name == version]
    assert texts, f"no histories of {version}: run python -m tests.record_histories {version}"
    for step in ("TIMER_FIRED", "WORKFLOW_EXECUTION_COMPLETED"):
        assert any(f'"EVENT_TYPE_{step}"' in text for text in texts), step


def test_nothing_is_stored_of_a_version_that_the_changelog_does_not_know() -> None:
    assert {path.parent.name for path in STORED} <= set(told_of())


@pytest.mark.parametrize("version", released())
async def test_every_stored_history_holds_with_the_code_of_today(version: str) -> None:
    paths = [path for path in STORED if path.parent.name == version]

    async def histories() -> AsyncIterator[WorkflowHistory]:
        for path in paths:
            yield stored(path)

    verdicts = [verdict async for verdict in replay(histories())]
    assert len(verdicts) == len(paths)
    assert {verdict.case_id: verdict.parts_at for verdict in verdicts if not verdict.holds} == {}


def of_first_release() -> Life:
    """Return a case as the first release left it: a plan without all that came later, and a clock with its moments."""
    life = Life()
    opened, _ = decide_all(CaseState(complaint=life.state.complaint, plan=making.plan()), [Opened(NOON)])
    assert opened.clock is not None
    bare = Clock(started_at=opened.clock.started_at, warn_at=opened.clock.warn_at, due=opened.clock.due)
    life.state = opened.model_copy(update={"clock": bare, "watchers": (), "statutory": None})
    return life


def test_an_old_case_is_not_overdue_because_of_an_upgrade_and_climbs_when_it_had_to() -> None:
    life = of_first_release()
    assert next_moment(life.state) == NOON + timedelta(days=7.5)
    life.passes(days=7)
    assert life.kinds == ["received", "assigned"]
    life.passes(days=50)
    assert [life.kinds.count(kind) for kind in ("warned", "breached", "escalated")] == [4, 4, 3]
    assert not {"statutory breached", "reminded", "offered"} & set(life.kinds)


def test_an_old_case_takes_the_messages_of_today_and_its_clock_keeps_what_it_had_left() -> None:
    life = of_first_release()
    life.passes(days=4)
    life.says("ask")
    life.passes(days=5)
    life.says("provide")
    assert life.due == NOON + 15 * DAY
    life.passes(days=6)
    assert (life.kinds.count("warned"), life.kinds.count("breached")) == (1, 1)
