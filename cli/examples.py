"""The example complaints of `kawal dev`: somebody to watch climbing the ladder. Invented, in Indonesian."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from gateway.starter import Starter
from schemas.complaint import Complaint, Intake
from schemas.messages import Acknowledge, Actor, Respond

WATCH_PACK = (Path(__file__).parent.parent / "examples" / "policies" / "watch").resolve()
"""The policy that the examples fit: its limits are a matter of seconds."""


@dataclass(frozen=True)
class Example:
    """One example: what it shows, and the case that shows it."""

    shows: str
    case: Complaint


async def submit(kawal: Starter, policy_name: str) -> list[Example]:
    """Start a few cases: one left alone, one for the person who watches, one in triage, one answered at once."""

    async def example(shows: str, category: str, region: str | None, text: str) -> Example:
        given = Intake(channel="example", category=category, region=region, text=text)
        return Example(shows, await kawal.submit(given, policy_name=policy_name))

    alone = await example(
        "nobody answers: watch it climb", "road-province", "18.01", "Jalan provinsi di depan pasar berlubang dalam."
    )
    yours = await example("yours to answer", "terminal", "18.71", "Lampu lalu lintas di simpang empat mati.")
    lost = await example("no place given: waits in triage", "road-regency", None, "Jalan di dekat sekolah rusak parah.")
    answered = await example("acknowledged and answered in time", "app", None, "Aplikasi tidak mengirim kode masuk.")
    operator = Actor(id="example-operator")
    await kawal.send(answered.case.case_id, Acknowledge(message_id=_id(), actor=operator))
    reply = "Layanan pengirim kode sudah dipulihkan. Silakan coba lagi."
    await kawal.send(answered.case.case_id, Respond(message_id=_id(), actor=operator), text=reply)
    return [alone, yours, lost, answered]


def _id() -> str:
    return f"example-{secrets.token_hex(8)}"
