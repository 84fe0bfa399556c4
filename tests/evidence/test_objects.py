"""What is kept is sealed before it gets to a folder or bucket, and comes back as it was."""

import asyncio
import subprocess
import sys
from pathlib import Path
from threading import Event
from uuid import uuid4

import httpx
import pytest
from obstore.store import S3Store

from local.ports import LOOPBACK, free_port
from privacy.sealing import SealBrokenError, new_key
from runtime.evidence import EvidenceSettings, evidence
from storage.objects import ObjectMissingError, Objects, StoreAwayError, opened

WORDS = b"planted-words-4711 " * 1000


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of its own, and the settings that lead there."""
    name = f"kawal-{uuid4()}"
    for variable, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "of-the-tests",
        "AWS_SECRET_ACCESS_KEY": "of-the-tests",
        "AWS_REGION": "us-east-1",
        "KAWAL_EVIDENCE_URL": f"s3://{name}/kawal/evidence",
    }.items():
        monkeypatch.setenv(variable, value)
    httpx.put(f"{s3_endpoint}/{name}").raise_for_status()
    return name


def in_the_bucket(bucket: str) -> dict[str, bytes]:
    store = S3Store(bucket, client_options={"allow_http": True})
    return {each["path"]: bytes(store.get(each["path"]).bytes()) for each in store.list().collect()}


async def comes_back(objects: Objects) -> None:
    key = new_key()
    await objects.put("one/original", WORDS, key)
    await objects.put("one/original", WORDS, key)
    assert await objects.get("one/original", key) == WORDS
    with pytest.raises(SealBrokenError):
        await objects.get("one/original", new_key())
    await objects.put("two/original", b"other", key)
    await objects.delete("one/original")
    await objects.delete("one/original")
    with pytest.raises(ObjectMissingError):
        await objects.get("one/original", key)
    assert await objects.get("two/original", key) == b"other"


async def test_a_folder_gives_back_what_it_was_given(store: Objects) -> None:
    await comes_back(store)


@pytest.mark.usefixtures("bucket")
async def test_a_bucket_gives_back_what_it_was_given() -> None:
    await comes_back(opened(evidence()))


async def test_nobody_reads_in_the_folder_what_is_kept_there(store: Objects, folder: Path) -> None:
    await store.put("one/original", WORDS, new_key())
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert [path.relative_to(folder) for path in kept] == [Path("one/original")]
    assert kept[0].stat().st_size > len(WORDS)
    assert b"planted-words" not in kept[0].read_bytes()
    assert folder.stat().st_mode & 0o077 == 0


async def test_nobody_reads_in_the_bucket_what_is_kept_there(bucket: str) -> None:
    await opened(evidence()).put("one/original", WORDS, new_key())
    kept = in_the_bucket(bucket)
    assert list(kept) == ["kawal/evidence/one/original"]
    assert len(kept["kawal/evidence/one/original"]) > len(WORDS)
    assert b"planted-words" not in kept["kawal/evidence/one/original"]


async def test_an_object_is_worth_nothing_under_the_name_of_another(store: Objects, folder: Path) -> None:
    key = new_key()
    await store.put("one/clean", WORDS, key)
    await store.put("two/clean", WORDS, key)
    (folder / "one/clean").replace(folder / "two/clean")
    with pytest.raises(SealBrokenError):
        await store.get("two/clean", key)


async def test_a_store_that_is_away_is_said_to_be_away(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{LOOPBACK}:{free_port()}")
    away = opened(evidence())
    for call in (away.put("one", b"1", new_key()), away.get("one", new_key()), away.delete("one")):
        with pytest.raises(StoreAwayError) as error:
            await call
        assert bucket not in str(error.value)


async def test_a_bucket_that_is_not_there_is_said_to_be_away(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAWAL_EVIDENCE_URL", f"s3://{bucket}-of-somebody-else")
    with pytest.raises(StoreAwayError):
        await opened(evidence()).put("one", b"1", new_key())


async def test_a_folder_that_nobody_may_write_to_is_said_to_be_away(tmp_path: Path) -> None:
    objects = opened(EvidenceSettings(folder=tmp_path / "kept"))
    (tmp_path / "kept" / "one").write_text("a file where a folder has to be")
    with pytest.raises(StoreAwayError):
        await objects.put("one/original", b"1", new_key())


_ONE_CALL = """
import asyncio, sys
from pathlib import Path
from runtime.evidence import EvidenceSettings
from storage.objects import opened
asyncio.run(opened(EvidenceSettings(folder=Path(sys.argv[1]))).put("one", b"1", bytes(32)))
"""


def test_a_process_that_ends_right_after_a_call_ends_well(tmp_path: Path) -> None:
    for _ in range(5):
        ended = subprocess.run([sys.executable, "-c", _ONE_CALL, tmp_path], capture_output=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, b"")


class _Hanging:
    """A store that does not answer until it is let."""

    def __init__(self) -> None:
        self.answers = Event()

    def put(self, *_: object, **__: object) -> None:
        self.answers.wait()


async def test_a_store_that_hangs_leaves_everybody_else_their_threads() -> None:
    store = _Hanging()
    objects, key = Objects(store), new_key()  # type: ignore[arg-type]
    puts = [asyncio.create_task(objects.put(f"hangs-{number}", b"", key)) for number in range(40)]
    await asyncio.sleep(0)  # all of them have begun
    try:
        async with asyncio.timeout(20):
            assert await asyncio.to_thread(lambda: "here")
    finally:
        store.answers.set()
        await asyncio.gather(*puts)
