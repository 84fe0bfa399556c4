import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.child import Child, StartFailed
from local.leftovers import AlreadyRunning

STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
signal.pause()
"""


@pytest.fixture
async def child(folder: Path) -> AsyncIterator[Child]:
    child = Child("the child", log=folder / "child.log", grace=0.2)
    yield child
    await child.kill()


async def run(child: Child, program: str) -> None:
    await child.start(sys.executable, "-c", program)


async def log_says(child: Child, word: str) -> None:
    async def probe() -> None:
        if word not in child.tail():
            raise LookupError

    await child.until(probe, limit=10, retry=(LookupError,))


async def test_a_child_lives_in_a_session_of_its_own(child: Child) -> None:
    await run(child, "import signal; signal.pause()")

    assert child.pid is not None
    assert os.getsid(child.pid) == child.pid != os.getsid(0)


async def test_a_child_is_asked_to_stop_before_it_is_killed(child: Child) -> None:
    await run(child, "import signal; signal.pause()")

    await child.stop()
    await child.stop()

    assert child.returncode == -signal.SIGTERM


async def test_a_child_that_does_not_stop_is_killed_when_its_grace_has_passed(child: Child) -> None:
    await run(child, STUBBORN)
    await log_says(child, "deaf")

    await child.stop()

    assert child.returncode == -signal.SIGKILL


async def test_whoever_waits_learns_that_a_child_has_ended_by_itself(child: Child) -> None:
    await run(child, "raise SystemExit(7)")

    assert await child.wait() == 7
    assert not child.running


async def test_a_child_that_ends_too_early_is_reported_with_the_end_of_its_log(child: Child) -> None:
    await run(child, "raise SystemExit('no memory left')")

    with pytest.raises(StartFailed, match=r"(?s)ended with code 1.*no memory left"):
        await log_says(child, "ready")


async def test_a_child_that_stays_mute_is_reported_after_the_limit(child: Child) -> None:
    await run(child, "import signal; signal.pause()")

    async def probe() -> None:
        raise LookupError

    with pytest.raises(StartFailed, match="did not answer within"):
        await child.until(probe, limit=0.1, retry=(LookupError,))


async def test_the_log_is_kept_over_starts_and_only_the_owner_reads_it(child: Child) -> None:
    for word in ("first", "second"):
        await run(child, f"print('{word}')")
        await child.wait()

    assert child.log.read_text() == "first\nsecond\n"
    assert child.tail() == "second"
    assert stat.S_IMODE(child.log.stat().st_mode) == 0o600


async def test_the_same_child_is_not_started_twice(child: Child) -> None:
    await run(child, "import signal; signal.pause()")
    twin = Child("its twin", log=child.log)

    with pytest.raises(AlreadyRunning, match=f"the child runs already .pid {child.pid}.: process {os.getpid()}"):
        await run(twin, "")
    assert child.running


async def test_a_child_is_not_started_from_a_thread_that_may_end_before_it(child: Child) -> None:
    with pytest.raises(RuntimeError, match="from the main thread"):
        await asyncio.to_thread(lambda: asyncio.run(run(child, "")))
