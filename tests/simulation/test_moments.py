from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from simulation.mapping import Times
from simulation.moments import in_utc, moment

NEW_YORK = ZoneInfo("America/New_York")


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("2011-07-01 01:32:33", "2011-07-01 05:32:33"),  # summer
        ("2011-12-01 01:32:33", "2011-12-01 06:32:33"),  # winter
        ("2011-11-06 01:30:00", "2011-11-06 05:30:00"),  # shown twice: the first of both
        ("2012-03-11 01:59:59", "2012-03-11 06:59:59"),
        ("2012-03-11 02:00:00", "2012-03-11 07:00:00"),  # never shown: the first moment after
        ("2012-03-11 02:30:00.5", "2012-03-11 07:00:00"),
        ("2012-03-11 03:00:00", "2012-03-11 07:00:00"),
    ],
)
def test_a_local_time_becomes_one_moment_in_utc(shown: str, meant: str) -> None:
    assert in_utc(wall(shown), NEW_YORK) == utc(meant)


@pytest.mark.parametrize("change", ["2011-11-06 00:00:00", "2012-03-11 00:00:00"])
def test_later_local_times_are_never_earlier_moments(change: str) -> None:
    day = [in_utc(wall(change) + timedelta(minutes=n), NEW_YORK) for n in range(6 * 60)]
    assert all(earlier <= later for earlier, later in pairwise(day))


def test_the_first_format_that_fits_is_taken_and_a_zone_in_the_text_counts() -> None:
    times = Times(
        zone="Asia/Jakarta",
        formats=("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S%z"),
        snapshot=wall("2023-01-01 00:00:00"),
    )
    assert moment("2022-01-21 09:36:00", times) == utc("2022-01-21 02:36:00")
    assert moment("2022-01-21 09:36:00.250", times) == utc("2022-01-21 02:36:00.250")
    assert moment("2022-01-21T09:36:00+09:00", times) == utc("2022-01-21 00:36:00")
    assert moment("21/01/2022", times) is None
