from pathlib import Path

import pytest

from simulation.run import simulate

ROOT = Path(__file__).parents[2]
CASES = ROOT / ".." / "shared" / "data" / "boston311" / "boston311_2011-07_2011-10.csv.gz"


@pytest.mark.skipif(not CASES.exists(), reason="the table of Boston's requests is not beside this project")
async def test_the_engine_judges_real_complaints_as_their_city_did() -> None:
    report = await simulate(CASES, ROOT / "examples" / "mappings" / "boston311.toml", limit=25, seed=1)

    assert report.flawless, (report.disagreements, report.losses)
    assert report.agree == report.cases
    assert report.cases + sum(report.skipped.values()) == 25
    assert report.overdue > 0
    assert report.routing.share > 0.85
