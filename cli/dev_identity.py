"""Who may call what `kawal dev` runs: keys and tokens for development, one for each role."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gateway.identity import api_keys
from local.issuer import Issuer, issuer_in
from local.private_file import write_private
from privacy.ring import KeyRing, new_ring, read_ring
from schemas.access import Action, CallerRole
from schemas.policy import Level, Policy
from storage.database import Pool

CHANNEL = "dev"
"""What the development system hands in came in by this."""

_LIFETIME = timedelta(days=30)
_RING_FILE = "keys"
_API_KEY_FILE = "api-key"


def ring_in(folder: Path) -> KeyRing:
    """Return the key ring that is kept in a folder, which only this account may read; a new one if there is none."""
    path = folder / _RING_FILE
    if not path.exists():
        write_private(path, new_ring("dev").written().encode())
    return read_ring(path.read_text())


@dataclass(frozen=True)
class DevIdentity:
    """The issuer, and what it gave to whom."""

    issuer: Issuer
    tokens: dict[str, str]
    api_key: str


async def identity_in(folder: Path, pool: Pool, policy: Policy) -> DevIdentity:
    """Make tokens for every role, and a key for Open311; the key is made once for a folder."""
    issuer = issuer_in(folder / "issuer")
    return DevIdentity(issuer, _tokens(issuer, policy), await _api_key(folder, pool))


def _tokens(issuer: Issuer, policy: Policy) -> dict[str, str]:
    agency, ladder = _somebody(policy)
    offices = {CallerRole.OPERATOR: ladder[:1], CallerRole.SUPERIOR: ladder[1:] or ladder}
    found: dict[str, str] = {}
    for role in CallerRole:
        held = [f"{level.role}@{agency}" for level in offices.get(role, ()) if not (level.agency or level.agency_kind)]
        found[role.value] = issuer.mint(
            role.value,
            sub=f"dev-{role.value}",
            agency=agency if role in offices else None,
            offices=held,
            channel=CHANNEL if role is CallerRole.SYSTEM else None,
            lifetime=_LIFETIME,
        )
    return found


def _somebody(policy: Policy) -> tuple[str, tuple[Level, ...]]:
    """Return the agency that the first route names, and the levels that its cases climb."""
    code = policy.routes[0].agency if policy.routes else policy.agencies[0].code
    agency = next(agency for agency in policy.agencies if agency.code == code)
    ladder = next((one for one in policy.ladders if one.code == (agency.ladder or "default")), policy.ladders[0])
    return code, ladder.levels


async def _api_key(folder: Path, pool: Pool) -> str:
    path = folder / _API_KEY_FILE
    if not path.exists():
        scopes = (Action.SUBMIT, Action.SEE, Action.SPEAK, Action.READ_TEXT)
        _, secret = await api_keys.make(
            pool, name="development", channel="open311-dev", made_by="kawal-dev", scopes=scopes
        )
        write_private(path, secret.encode())
    return path.read_text()
