"""Where a report stands, in the fields and few words of Open311: Indonesian first, then English."""

from collections.abc import Mapping
from datetime import UTC, datetime

from gateway.words import status_words
from schemas.case import CaseView
from schemas.status import SETTLED


def moment(at: datetime) -> str:
    """Return a moment in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def is_closed(case: CaseView) -> bool:
    """Return whether the reporter has an answer, or nothing can happen any more. A reopened report is open again."""
    return case.closed_at is not None or case.status in SETTLED


def updated(case: CaseView, changed_at: datetime) -> datetime:
    """Return when a report last changed; of a closed one, when it was closed."""
    return (case.answered_at or case.closed_at or changed_at) if is_closed(case) else changed_at


def expected(case: CaseView) -> datetime | None:
    """Return when an answer is due: the deadline of the present level, or the law's while that of the level rests."""
    due = case.due or (case.statutory_clock.due if case.statutory_clock else None)
    return due.at if due else None


def status_notes(case: CaseView) -> str:
    """Return where it stands: the status, the level that it has climbed to, and whether a deadline has passed."""
    indonesian, english = ([words] for words in status_words(case.status))
    if case.level > 0:
        indonesian.append(f"naik ke tingkat {case.level}: {case.level_title}")
        english.append(f"escalated to level {case.level}: {case.level_title}")
    if not case.on_time:
        indonesian.append("batas waktu terlewati")
        english.append("a deadline has passed")
    return f"{'; '.join(indonesian)} / {'; '.join(english)}"


def service_notice(case: CaseView, addressees: Mapping[str, str]) -> str | None:
    """Return where else the reporter can go, if anywhere; `addressees` are those of the policy, with their names."""
    suggested = case.suggested_addressee and addressees.get(case.suggested_addressee)
    whereto = [*(offer.route for offer in case.offers), case.referred_to or suggested]
    named = ", ".join(name for name in whereto if name)
    if not named:
        return None
    return f"Anda juga dapat menghubungi: {named} / You can also turn to: {named}"


def received_notice(case_id: str) -> str:
    """Return what whoever has just reported is told."""
    return (
        f"Laporan diterima dengan nomor {case_id}; batas waktu jawaban tercantum pada laporan"
        f" / Received under the number {case_id}; the report shows when an answer is due"
    )
