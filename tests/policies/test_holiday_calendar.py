"""What a civil servant writes in calendar.toml becomes plain days and hours, and every mistake is named."""

import shutil
import tomllib
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from domain.working_time import due, hours
from schemas.calendar import CalendarRules, WorkingCalendar, limit
from storage.holiday_calendar import resolve
from storage.policy_pack import PolicyError, load_pack
from storage.time_zone import pin_calendar

WIB = timezone(timedelta(hours=7))
ROOT = Path(__file__).parents[2]
WATCH = ROOT / "examples" / "policies" / "watch"
CALENDARS = {name: ROOT / "policies" / name / "calendar.toml" for name in ("lampung", "dki_jakarta")}

BASE = """
zone = "Asia/Jakarta"
valid_to = 2027-12-31
[week]
monday = ["07:30-12:00", "13:00-16:00"]
friday = ["07:30-11:30", "13:00-16:00"]
"""
SOURCE = """
[source]
country = "ID"
categories = ["public", "government"]
years = [2026, 2027]
language = "id"
"""
RAMADAN = """
[[season]]
name = "Ramadan"
first = 2026-02-19
last = 2026-03-20
monday = ["08:00-12:00", "12:30-15:00"]
"""
DECREE = """
[[decree]]
date = 2026-06-22
name = "Pemilihan"
basis = "Keppres 1/2026"
"""


def resolved(text: str) -> CalendarRules:
    problems: list[str] = []
    fields = resolve(tomllib.loads(text), problems)
    assert problems == []
    return CalendarRules.model_validate(fields)


def problems_of(text: str) -> list[str]:
    problems: list[str] = []
    resolve(tomllib.loads(text), problems)
    return problems


def calendar_of(path: Path) -> WorkingCalendar:
    return pin_calendar(resolved(path.read_text(encoding="utf-8")), datetime(2026, 3, 13, tzinfo=UTC))


@cache
def shipped(name: str) -> WorkingCalendar:
    return calendar_of(CALENDARS[name])


def test_a_calendar_without_a_source_is_what_is_written() -> None:
    written = '[holidays]\n2026-08-17 = "Hari Kemerdekaan"\n'

    assert resolved(BASE + written).holidays == {date(2026, 8, 17): "Hari Kemerdekaan"}
    assert resolved(BASE).holidays == {}
    assert resolved(BASE).seasons == ()


def test_joint_leave_comes_with_its_category_only() -> None:
    both, public = resolved(BASE + SOURCE), resolved(BASE + SOURCE.replace(', "government"', ""))

    assert both.holidays.keys() - public.holidays.keys() >= {date(2026, 2, 16), date(2026, 3, 20), date(2026, 12, 24)}
    assert public.holidays.keys() < both.holidays.keys()
    assert both.holidays[date(2026, 3, 20)] == "Cuti Bersama Hari Raya Idul Fitri"


def test_names_are_in_the_language_that_is_asked_for() -> None:
    assert resolved(BASE + SOURCE.replace('"id"', '"en_US"')).holidays[date(2026, 1, 1)] == "New Year's Day"


def test_a_subdivision_adds_its_own_days() -> None:
    national = '[source]\ncountry = "DE"\ncategories = ["public"]\nyears = [2026, 2027]\n'
    state = national + 'subdivision = "BY"\n'

    assert resolved(BASE + national).holidays.keys() < resolved(BASE + state).holidays.keys()


def test_a_decree_adds_a_day_off_and_the_day_carries_its_number() -> None:
    added = resolved(BASE + SOURCE + DECREE).holidays

    assert added[date(2026, 6, 22)] == "Pemilihan (Keppres 1/2026)"
    assert added.keys() - resolved(BASE + SOURCE).holidays.keys() == {date(2026, 6, 22)}


def test_a_decree_takes_a_day_off_back() -> None:
    back = DECREE.replace("2026-06-22", "2026-03-20") + "works = true\n"
    rules = resolved(BASE + SOURCE + back)

    assert resolved(BASE + SOURCE).holidays.keys() - rules.holidays.keys() == {date(2026, 3, 20)}
    assert hours(pin_calendar(rules, datetime(2026, 3, 13, tzinfo=UTC)), date(2026, 3, 20))


def test_a_decree_wins_over_the_list_and_the_list_over_the_source() -> None:
    written = '[holidays]\n2026-08-17 = "by hand"\n2026-08-25 = "by hand"\n'
    days = resolved(BASE + written + SOURCE + DECREE.replace("2026-06-22", "2026-08-25")).holidays

    assert days[date(2026, 8, 17)] == "by hand"
    assert days[date(2026, 8, 25)] == "Pemilihan (Keppres 1/2026)"


def test_of_two_decrees_about_one_day_the_later_wins() -> None:
    off, back = DECREE, DECREE + "works = true\n"

    assert date(2026, 6, 22) not in resolved(BASE + SOURCE + off + back).holidays
    assert date(2026, 6, 22) in resolved(BASE + SOURCE + back + off).holidays


def test_a_decree_may_say_what_the_source_knows_already() -> None:
    known, open_anyway = DECREE.replace("2026-06-22", "2026-08-17"), DECREE + "works = true\n"

    assert resolved(BASE + SOURCE + known + open_anyway).holidays.keys() == resolved(BASE + SOURCE).holidays.keys()


def test_a_season_has_its_hours_in_its_own_table() -> None:
    (season,) = resolved(BASE + RAMADAN).seasons

    assert (season.name, season.first, season.last) == ("Ramadan", date(2026, 2, 19), date(2026, 3, 20))
    assert [(stretch.opens, stretch.closes) for stretch in season.week.monday] == [(480, 720), (750, 900)]
    assert season.week.friday == ()


def test_what_is_resolved_is_plain_data_that_can_be_stored_and_read_without_the_source() -> None:
    rules = resolved(BASE + SOURCE + RAMADAN + DECREE)

    assert CalendarRules.model_validate_json(rules.model_dump_json()) == rules


def test_resolving_twice_gives_the_same_in_the_same_order() -> None:
    text = BASE + SOURCE + RAMADAN + DECREE

    assert resolved(text).model_dump_json() == resolved(text).model_dump_json()
    assert list(resolved(text).holidays) == sorted(resolved(text).holidays)


MISTAKES = {
    "a misspelt table": ("[source]", "[sources]", "sources: is unknown: remove it or correct its name (zone,"),
    "the plural": ("[[decree]]", "[[decrees]]", "decrees: is unknown: write [[decree]] for each decree"),
    "one bracket for a decree": (
        "[[decree]]",
        "[decree]",
        "decree: write [[decree]] in two brackets above each decree",
    ),
    "one bracket for a season": (
        "[[season]]",
        "[season]",
        "season: write [[season]] in two brackets above each season",
    ),
    "two brackets for the source": ("[source]", "[[source]]", "source: write [source] in one bracket, and once only"),
    "an unknown country": ('"ID"', '"ZZ"', "source, country: 'ZZ' is unknown: write the country's code of two letters"),
    "a country's name": ('"ID"', '"Indonesia"', "source, country: 'Indonesia' is unknown: write the country's code"),
    "no country": ('country = "ID"', "", "source, country: is missing: add it"),
    "an unknown category": (
        '"government"',
        '"goverment"',
        "source, categories: 'goverment' is unknown for ID: choose from government, public",
    ),
    "no categories": ('categories = ["public", "government"]', "", "source, categories: is missing: add it"),
    "an empty list of categories": ('["public", "government"]', "[]", "source, categories: is empty: write at least"),
    "one category without brackets": (
        '["public", "government"]',
        '"public"',
        "source, categories: must be a list: put 'public' in square brackets",
    ),
    "an unknown language": ('"id"', '"jv"', "source, language: 'jv' is unknown for ID: choose from en_US, id, th, uk"),
    "an unknown subdivision": (
        'language = "id"',
        'subdivision = "LA"',
        "source, subdivision: 'LA' is unknown for ID: remove the line",
    ),
    "a field that no source has": (
        "language",
        "lang",
        "source, lang: is unknown: remove it or correct its name (count",
    ),
    "no years": ("years = [2026, 2027]", "", "source, years: is missing: add it"),
    "a year in quotes": ("[2026, 2027]", '["2026", 2027]', "source, years 1: input should be a valid integer"),
    "a year before the source's first": ("[2026,", "[1645,", "source, years: 1645 is unknown: write years from 1946"),
    "a year left out": ("[2026, 2027]", "[2025, 2027]", "source, years: 2026 is left out: add it"),
    "a calendar that outlasts its source": (
        "valid_to = 2027-12-31",
        "valid_to = 2028-01-31",
        "valid_to: 2028-01-31 lies beyond 2027, the last year of [source]: add the years up to it, or correct the date",
    ),
    "a decree without a number": ('basis = "Keppres 1/2026"', "", "decree 2026-06-22, basis: is missing: add it"),
    "a decree with an empty number": ('"Keppres 1/2026"', '" "', "decree 2026-06-22, basis: is empty: write at least"),
    "a decree without a date": ("date = 2026-06-22", "", "decree 1, date: is missing: add it"),
    "a decree on no day": ("date = 2026-06-22", 'date = "soon"', "decree soon, date: input should be a valid date"),
    "a decree with a word for works": (
        'basis = "K',
        'works = "yes"\nbasis = "K',
        "decree 2026-06-22, works: input should be a valid boolean (not 'yes')",
    ),
    "a field that no decree has": (
        'basis = "K',
        'number = 7\nbasis = "K',
        "decree 2026-06-22, number: is unknown: remove it or correct its name (date, name, works, basis, issued)",
    ),
    "a decree whose name is a number": ('"Pemilihan"', "7", "decree 2026-06-22, name: must be text: put 7 in quotes"),
    "work by decree on a day without hours": (
        "date = 2026-06-22",
        "works = true\ndate = 2026-06-21",
        "decree 2026-06-21: Sunday has no hours in which to work: correct the date, or give the day hours with a [[sea",
    ),
    "a season that ends before it begins": (
        "last = 2026-03-20",
        "last = 2026-02-01",
        "season Ramadan: ends on 2026-02-01, before it begins on 2026-02-19: correct one of the two",
    ),
    "a season without a name": ('name = "Ramadan"', "", "season 1, name: is missing: add it"),
    "a season without a last day": ("last = 2026-03-20", "", "season Ramadan, last: is missing: add it"),
    "a season without hours": (
        'monday = ["08:00-12:00", "12:30-15:00"]',
        "",
        "season Ramadan: no weekday has working hours",
    ),
    "a season with a misspelt weekday": (
        'monday = ["08:00',
        'munday = ["08:00',
        "season Ramadan, munday: is unknown: remove it or correct its name (name, first, last, monday, tuesday,",
    ),
    "a season with hours in a table below it": (
        'monday = ["08:00-12:00"',
        '[season.week]\nmonday = ["08:00-12:00"',
        "season Ramadan, week: is unknown",
    ),
    "a season with a time of day that is none": (
        '"08:00-12:00"',
        '"8-12:00"',
        "season Ramadan, monday 1, opens: '8' is not a time of day",
    ),
    "a season whose hours overlap": (
        '"12:30-15:00"',
        '"11:30-15:00"',
        "season Ramadan: monday: hours overlap or are out of order",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_mend(mistake: str) -> None:
    old, new, expected = MISTAKES[mistake]
    text = BASE + SOURCE + RAMADAN + DECREE
    assert old in text

    found = problems_of(text.replace(old, new, 1))

    assert any(problem.startswith(f"calendar.toml: {expected}") for problem in found), found


def test_seasons_that_share_days_are_named() -> None:
    other = RAMADAN.replace("Ramadan", "Fair").replace("02-19", "03-20").replace("03-20\nmon", "03-31\nmon")

    assert problems_of(BASE + RAMADAN + other) == [
        "calendar.toml: season Fair: overlaps with Ramadan on 2026-03-20: shorten one of them"
    ]


def test_a_year_whose_joint_leave_nobody_has_decreed_is_not_taken_for_known() -> None:
    too_far = (BASE + SOURCE).replace("2027-12-31", "2028-12-31").replace("2027]", "2027, 2028]")

    assert problems_of(too_far) == [
        "calendar.toml: source, categories: the source has no government day in 2028, so that deadlines would fall too "
        "early: set valid_to before 2028, or write the days as [[decree]]"
    ]
    assert problems_of(too_far.replace("2028-12-31", "2027-12-31")) == []
    assert problems_of(too_far + DECREE.replace("2026-06-22", "2028-04-25")) == []


def test_what_the_policy_itself_names_is_not_named_here_too() -> None:
    assert problems_of((BASE + SOURCE).replace("valid_to", "#")) == []
    assert problems_of((BASE + SOURCE).replace("07:30-", "7-")) == []
    assert problems_of("") == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('basis = "Keppres 1/2026"', "", "calendar.toml: decree 2026-06-22, basis: is missing: add it"),
        ("valid_to = 2027-12-31", "", "calendar.toml: valid_to: is missing: add it"),
        ("[source]", "colour = 1\n[source]", "calendar.toml: week, colour: is unknown"),
    ],
)
def test_a_pack_with_a_mistake_in_its_calendar_names_it_once(tmp_path: Path, old: str, new: str, problem: str) -> None:
    pack = Path(shutil.copytree(WATCH, tmp_path / "pack"))
    text = BASE + SOURCE + RAMADAN + DECREE
    (pack / "calendar.toml").write_text(text.replace(old, new, 1))

    with pytest.raises(PolicyError) as caught:
        load_pack(pack)

    (named,) = caught.value.problems
    assert f"{named.file}: {named.place}: {named.problem}".startswith(problem)


def test_a_pack_carries_the_resolved_calendar(tmp_path: Path) -> None:
    pack = Path(shutil.copytree(WATCH, tmp_path / "pack"))
    (pack / "calendar.toml").write_text(BASE + SOURCE + RAMADAN + DECREE)

    assert load_pack(pack).calendar == resolved(BASE + SOURCE + RAMADAN + DECREE)


def test_mistakes_everywhere_come_together() -> None:
    text = (BASE + SOURCE + RAMADAN + DECREE).replace('"ID"', '"ZZ"').replace("last =", "end =").replace("basis", "b")

    assert len(problems_of(text)) == 5


OFFICIAL: dict[str, Any] = {
    "2026": "01-01 01-16 02-16 02-17 03-18 03-19 03-20 03-21 03-22 03-23 03-24 04-03 04-05 05-01 05-14 05-15 05-27 "
    "05-28 05-31 06-01 06-16 08-17 08-25 12-24 12-25",
    "2027": "01-01 01-05 02-05 02-06 03-08 03-09 03-10 03-11 03-12 03-15 03-25 03-26 03-28 05-01 05-06 05-17 05-18 "
    "05-19 05-20 06-01 06-06 08-15 08-17 12-24 12-25 12-26",
}


@pytest.mark.parametrize("name", CALENDARS)
def test_the_days_off_are_those_that_are_decreed(name: str) -> None:
    decreed = {date.fromisoformat(f"{year}-{day}") for year, days in OFFICIAL.items() for day in days.split()}

    assert shipped(name).holidays.keys() == decreed


@pytest.mark.parametrize("name", CALENDARS)
@pytest.mark.parametrize(("year", "days"), [(2026, 240), (2027, 242)])
def test_a_year_has_the_decreed_number_of_working_days(name: str, year: int, days: int) -> None:
    year_round = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]

    assert sum(bool(hours(shipped(name), day)) for day in year_round) == days


def test_the_source_knows_the_working_days_of_2025() -> None:
    year_round = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
    days_off = resolved(BASE + SOURCE.replace("2026, ", "2025, 2026, ")).holidays

    assert sum(day.weekday() < 5 and day not in days_off for day in year_round) == 237


@pytest.mark.parametrize(
    ("start", "length", "last"),
    [
        ("2026-03-13", "3 working days", "2026-03-25 16:00"),
        ("2026-03-13", "5 working days", "2026-03-27 16:00"),
        ("2026-03-13", "14 working days", "2026-04-10 16:00"),
        ("2026-03-13", "60 working days", "2026-06-24 16:00"),
        ("2026-12-18", "3 working days", "2026-12-23 16:00"),
        ("2026-12-18", "5 working days", "2026-12-29 16:00"),
        ("2026-12-18", "14 working days", "2027-01-13 16:00"),
        ("2026-12-18", "60 working days", "2027-03-31 16:00"),
        ("2026-11-23", "60 working days", "2027-02-22 15:00"),  # in Ramadan
        ("2026-11-23", "60 days", "2027-01-22 10:00"),
    ],
)
def test_holidays_and_ramadan_move_a_deadline_to_the_moment_that_the_decrees_give(
    start: str, length: str, last: str
) -> None:
    opened = datetime.combine(date.fromisoformat(start), time(10), tzinfo=WIB)

    deadline = due(shipped("lampung"), opened, limit(length))

    assert deadline.at == datetime.fromisoformat(last).replace(tzinfo=WIB)
    assert not deadline.provisional


def test_the_hours_of_each_province_are_its_own() -> None:
    def worked(name: str, day: date) -> int:
        return sum(closes - opens for opens, closes in hours(shipped(name), day))

    usual = [date(2026, 6, 8) + timedelta(days=n) for n in range(5)]
    fasting = [date(2026, 3, 2) + timedelta(days=n) for n in range(5)]

    assert [worked("lampung", day) for day in usual] == [450, 450, 450, 450, 420]
    assert [worked("lampung", day) for day in fasting] == [390, 390, 390, 390, 360]
    assert sum(worked("dki_jakarta", day) for day in usual) == 37.5 * 60
    assert sum(worked("dki_jakarta", day) for day in fasting) == 32.5 * 60


@pytest.mark.parametrize("name", CALENDARS)
def test_a_deadline_after_the_last_decreed_year_is_provisional(name: str) -> None:
    deadline = due(shipped(name), datetime(2027, 12, 20, 3, tzinfo=UTC), limit("14 working days"))

    assert deadline.provisional
    assert deadline.steps[-1] == "provisional: holidays are decreed until 2027-12-31 only"
