import asyncio
import json
import signal

from tests.cli.command import PROGRAM, Shell


async def test_a_worker_logs_on_standard_error_and_ends_in_good_order(shell: Shell) -> None:
    worker = await asyncio.create_subprocess_exec(
        PROGRAM,
        "worker",
        cwd=shell.folder,
        env=shell.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert worker.stderr
    try:
        async with asyncio.timeout(20):
            started = json.loads(await worker.stderr.readline())
            assert (started["event"], started["pid"]) == ("worker started", worker.pid)

            worker.send_signal(signal.SIGTERM)
            out, _ = await worker.communicate()
    finally:
        if worker.returncode is None:  # the test has failed; the worker must not outlive it
            worker.kill()
            await worker.wait()
    assert (worker.returncode, out) == (0, b"")
