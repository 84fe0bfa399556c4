"""How LAPOR!'s reports stand goes back in its words: the same again is the same file; reads of texts are recorded."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest

from gateway.channels.lapor_export import Exporter
from gateway.channels.lapor_mapping import Export
from gateway.refusals import RefusedError
from local.scratch import scratch_folder
from schemas.complaint import Intake
from schemas.policy import Policy
from storage import case_records, personal_reads
from storage.database import Pool
from tests.channels import lapor_making as making
from tests.channels.lapor_making import mapping
from tests.cli.command import Shell
from tests.gateway.batch_making import published
from tests.kawal import Kawal
from tests.making import message

NAME = "lapor-exports"
ANSWER = "=Jalan itu sudah kami perbaiki."


@pytest.fixture(scope="module")
async def policy(pool: Pool) -> AsyncIterator[Policy]:
    found = await published(pool, NAME)
    yield found
    await making.forget_left_behind(pool, found)


@pytest.fixture
def channel() -> str:
    """A channel that no other test's cases came in by."""
    return f"lapor-{str(uuid4()).replace('-', '')[:8].translate(str.maketrans('0123456789', 'ghijklmnop'))}"


@pytest.fixture
async def shell(database_url: str) -> AsyncIterator[Shell]:
    with scratch_folder() as folder:
        yield Shell(folder, {"KAWAL_DATABASE_URL": database_url})


async def opened(kawal: Kawal, policy: Policy, channel: str, tracking_id: str) -> str:
    """Return the case of a report about a provincial road, once it is routed."""
    given = Intake(channel=channel, external_id=tracking_id, category="road-province", region="18.71", text=making.TEXT)
    complaint = await kawal.in_real_time.submit(given, policy_name=policy.name)
    await kawal.routed(complaint.case_id)
    return complaint.case_id


async def exported(pool: Pool, channel: str, since: datetime | None = None, **options: Any) -> list[list[str]]:
    exporter = Exporter(pool, channel, options.pop("words", Export()), **options)
    return [row async for row in exporter.rows(since)]


def read(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))


async def test_every_report_goes_back_with_its_status_agency_and_deadline_in_local_time(
    kawal: Kawal, policy: Policy, channel: str
) -> None:
    second = await opened(kawal, policy, channel, "T-2")
    await opened(kawal, policy, channel, "T-1")
    await kawal.in_real_time.send(second, message("acknowledge", "ack-exported"))

    found = await exported(kawal.pool, channel)

    assert [row[:3] for row in found] == [
        ["T-1", "Terverifikasi, Belum Ditindaklanjuti", "Dinas Bina Marga dan Bina Konstruksi Provinsi Lampung"],
        ["T-2", "Proses", "Dinas Bina Marga dan Bina Konstruksi Provinsi Lampung"],
    ]
    standing = await kawal.stored(second)
    assert standing.due is not None
    assert found[1][3] == f"{standing.due.at + timedelta(hours=7):%Y-%m-%d %H:%M} WIB"
    assert (
        found[1][4]
        == f"{(await case_records.timeline(kawal.pool, second))[-1]['at'] + timedelta(hours=7):%Y-%m-%d %H:%M} WIB"
    )


async def test_a_report_that_nobody_has_taken_up_yet_is_received(
    kawal: Kawal, policy: Policy, channel: str, pool: Pool
) -> None:
    await pool.execute(
        "insert into complaints (case_id, channel, external_id, category, body, policy_version, accepted_at)"
        " values ($1, $1, 'T-1', 'road', 'x', $2, $3)",
        *(channel, policy.version, datetime(2026, 11, 23, 1, 30, tzinfo=UTC)),
    )

    assert await exported(pool, channel) == [["T-1", "Belum Terverifikasi", "", "", "2026-11-23 08:30 WIB"]]


async def test_a_text_goes_along_when_it_is_asked_for_and_each_read_of_one_is_recorded(
    kawal: Kawal, policy: Policy, channel: str
) -> None:
    answered = await opened(kawal, policy, channel, "T-1")
    silent = await opened(kawal, policy, channel, "T-2")
    await kawal.in_real_time.send(answered, message("note", "note-exported"), text="Kusuma: for colleagues alone")
    await kawal.in_real_time.send(answered, message("ask", "ask-exported"), text="Di mana tepatnya?")
    assert [row[5] for row in await exported(kawal.pool, channel, with_answers=True)] == ["Di mana tepatnya?", ""]
    await kawal.in_real_time.send(answered, message("provide", "provide-exported"), text="Di sini.")
    await kawal.in_real_time.send(answered, message("respond", "answer-exported"), text=ANSWER)

    assert [len(row) for row in await exported(kawal.pool, channel)] == [5, 5]
    assert len(await personal_reads.listing(kawal.pool, subject=answered)) == 1
    assert [row[5] for row in await exported(kawal.pool, channel, with_answers=True)] == [ANSWER, ""]

    latest, _ = await personal_reads.listing(kawal.pool, subject=answered)
    assert (latest.caller, latest.role, latest.action, latest.fields) == (
        *("lapor-export", "system", "read-text"),
        ("text",),
    )
    assert await personal_reads.listing(kawal.pool, subject=silent) == []


async def test_words_may_be_others_and_have_to_be_known(kawal: Kawal, policy: Policy, channel: str) -> None:
    await opened(kawal, policy, channel, "T-1")
    words = mapping(export={"words": {"assigned": "Diteruskan"}}).export
    assert [row[1] for row in await exported(kawal.pool, channel, words=words)] == ["Diteruskan"]
    jaki = mapping(export={"scheme": "jaki"}).export
    assert [row[1] for row in await exported(kawal.pool, channel, words=jaki)] == ["Disposisi"]

    with pytest.raises(RefusedError, match="has no scheme elsewhere, and no word for assigned is given"):
        await exported(kawal.pool, channel, words=mapping(export={"scheme": "elsewhere"}).export)


async def test_only_what_changed_since_a_moment_is_told(kawal: Kawal, policy: Policy, channel: str) -> None:
    first = await opened(kawal, policy, channel, "T-1")
    since = await kawal.pool.fetchval("select now()")
    await opened(kawal, policy, channel, "T-2")
    assert [row[0] for row in await exported(kawal.pool, channel, since)] == ["T-2"]

    await kawal.in_real_time.send(first, message("acknowledge", "ack-since"))

    assert [row[0] for row in await exported(kawal.pool, channel, since)] == ["T-1", "T-2"]


# The command


def of_channel(shell: Shell, channel: str) -> tuple[str, ...]:
    """Return the options of a mapping with this channel."""
    text = making.MAPPING_FILE.read_text().replace('channel = "lapor"', f'channel = "{channel}"')
    (shell.folder / "mapping.toml").write_text(text)
    return ("--mapping", "mapping.toml")


@pytest.mark.parametrize("name", ["statuses.csv", "statuses.xlsx"])
async def test_the_same_export_again_is_the_same_file_and_no_cell_of_it_is_a_formula(
    kawal: Kawal, policy: Policy, channel: str, shell: Shell, name: str
) -> None:
    answered = await opened(kawal, policy, channel, "=T+1")
    await kawal.in_real_time.send(answered, message("respond", "answer-twice"), text=ANSWER)
    options = ("--out", name, "--with-answers", *of_channel(shell, channel), "--since", "2026-01-01T00:00:00+07:00")

    assert (await shell.document("lapor", "export", *options))["reports"] == 1
    first = (shell.folder / name).read_bytes()
    assert f"1 reports: {name}" in (await shell.ok("lapor", "export", *options)).out

    assert (shell.folder / name).read_bytes() == first
    if name.endswith("csv"):
        (line,) = read(shell.folder / name)
        assert (line["Tracking ID"], line["Status"], line["Tindak Lanjut"]) == ("'=T+1", "Selesai", f"'{ANSWER}")
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(first)).worksheets[0]
        assert {cell.data_type for line in sheet.iter_rows() for cell in line if cell.value} == {"s"}
        assert sheet["A2"].value == "'=T+1"


async def test_a_cursor_goes_on_where_the_last_export_was_and_loses_nothing(
    kawal: Kawal, policy: Policy, channel: str, shell: Shell, pool: Pool
) -> None:
    cursor = shell.folder / "cursor.json"
    options = ("--out", "out.csv", "--cursor", "cursor.json", *of_channel(shell, channel))
    await opened(kawal, policy, channel, "T-1")
    assert (await shell.document("lapor", "export", *options))["reports"] == 1

    reached = datetime.fromisoformat(json.loads(cursor.read_text())["exported_to"])
    now = await pool.fetchval("select now()")
    assert now - timedelta(minutes=3) < reached < now - timedelta(minutes=1)

    cursor.write_text(json.dumps({"exported_to": now.isoformat()}))
    await opened(kawal, policy, channel, "T-2")
    assert (await shell.document("lapor", "export", *options))["reports"] == 1
    assert [line["Tracking ID"] for line in read(shell.folder / "out.csv")] == ["T-2"]


@pytest.mark.parametrize(
    ("options", "mend"),
    [
        (("--out", "statuses.ods"), "out: is neither .csv nor .xlsx"),
        (("--out", "nowhere/statuses.csv"), "out: there is no folder nowhere: make it first"),
        (
            ("--out", "a.csv", "--cursor", "c.json", "--since", "2026-01-01T00:00:00+07:00"),
            "cursor: says from when on, and so does since",
        ),
        (("--out", "a.csv", "--cursor", "broken.json"), "cursor: is no file of an export"),
        (("--out", "a.csv", "--mapping", "none.toml"), "the mapping none.toml cannot be used"),
    ],
)
async def test_what_is_wrong_is_refused_with_the_mend(shell: Shell, options: tuple[str, ...], mend: str) -> None:
    (shell.folder / "broken.json").write_text('{"exported_to": "yesterday"}')

    for_people, for_machines = await shell.both("lapor", "export", *options)

    assert mend in for_machines.error
    assert for_machines.error in for_people.err
    assert not (shell.folder / "a.csv").exists()
