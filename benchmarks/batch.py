"""How long a batch takes, on servers of its own: read and checked, then accepted and started.

Run it as `python -m benchmarks.batch [ROWS]`; 10,000 if none are named.
"""

import asyncio
import sys
from pathlib import Path
from time import perf_counter

from gateway import batches
from gateway.service_requests import ServiceRequests
from local.ports import free_port
from local.postgres import EmbeddedPostgres
from local.scratch import scratch_folder
from local.temporal import TemporalDevServer
from privacy.ring import new_ring
from runtime import temporal
from storage import database, policies
from storage.policy_pack import load_pack

_ROWS = 10_000
_SERVICE = "social-aid-cash"
_PACK = Path(__file__).parent.parent / "policies" / "lampung"


async def main(rows: int) -> None:
    """Print how long each part takes, and how many rows a second that is. Nobody works meanwhile."""
    content = _table(rows)
    with scratch_folder() as folder:
        postgres = EmbeddedPostgres(folder / "postgres", free_port(), log=folder / "postgres.log")
        server = TemporalDevServer(free_port(), log=folder / "temporal.log")
        async with postgres, server:
            await database.migrate(postgres.url)
            pool = await database.connect(postgres.url, max_size=4, ring=new_ring("benchmark"))
            policy = load_pack(_PACK)
            await policies.publish(pool, policy)
            requests = ServiceRequests(await temporal.connect(server.address), pool)

            begun = perf_counter()
            file = batches.checked(content, _SERVICE, policy)
            _say("read and checked", rows, perf_counter() - begun)

            begun = perf_counter()
            outcome = await batches.carry_out(requests, file, policy)
            _say("accepted and started", rows, perf_counter() - begun)
            sys.stdout.write(f"refused: {len(outcome.refused)}, left to a sweep: {outcome.not_started}\n")

            begun = perf_counter()
            await batches.carry_out(requests, file, policy)
            _say("the same file again", rows, perf_counter() - begun)
            await pool.close()


def _table(rows: int) -> bytes:
    lines = ["name,national_id,phone,address,region,amount,period"]
    lines += [
        f"Warga {n},187101170890{n % 10_000:04d},0812{n:08d},Jalan Mawar {n},18.71,300000,2026-{n // 10_000 + 1:02d}"
        for n in range(rows)
    ]
    return "\n".join(lines).encode()


def _say(what: str, rows: int, seconds: float) -> None:
    sys.stdout.write(f"{what:22} {seconds:7.1f} s, {rows / seconds:8.0f} rows a second\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else _ROWS))
