"""Tables of fictional beneficiaries, and a policy that they are requested under."""

from pathlib import Path

from schemas.policy import Policy
from storage import policies
from storage.database import Pool
from storage.policy_pack import load_pack

LAMPUNG = Path(__file__).parent.parent.parent / "policies" / "lampung"
CASH = "social-aid-cash"
PAPERS = "population-documents"
HEADER = "name,national_id,phone,address,region,amount,period"


def nik(number: int, *, district: str = "187101") -> str:
    """Return a number as the civil registry gives them: district, 17 August 1990, and a serial number."""
    return f"{district}170890{number:04d}"


def row(number: int, period: str = "2026-11", **changes: str) -> str:
    """Return a line of a beneficiary."""
    cells = {
        "name": f"Warga {number}",
        "national_id": nik(number),
        "phone": f"0812{number:08d}",
        "address": f"Jalan Mawar {number}",
        "region": "18.71",
        "amount": "300000",
        "period": period,
    }
    return ",".join((cells | changes).values())


def table(*rows: str, header: str = HEADER) -> bytes:
    """Return a file."""
    return "\r\n".join([header, *rows, ""]).encode()


async def published(pool: Pool, name: str) -> Policy:
    """Publish the services of Lampung under another name; return the policy."""
    policy = Policy.model_validate(dict(load_pack(LAMPUNG)) | {"name": name})
    await policies.publish(pool, policy)
    return policy
