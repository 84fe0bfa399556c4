"""Who may see a case: what a page or an interface asks before it shows one."""

from schemas.case import CaseView
from schemas.complaint import Identity


def seen_by_agency(case: CaseView, agency: str) -> bool:
    """Return whether people of an agency may see a case at all: the accused of a whistle-blowing report may not."""
    return case.bypassed != agency


def seen_by_public(case: CaseView) -> bool:
    """Return whether a case may be shown to everybody: confidential reports and whistle-blowing are not."""
    return case.identity is not Identity.CONFIDENTIAL and case.bypassed is None


def reporter_named_to_agency(case: CaseView) -> bool:
    """Return whether the agency that has a case may learn who reported it."""
    return case.identity is Identity.NAMED and case.bypassed is None
