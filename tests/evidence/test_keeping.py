"""An upload is kept whole or taken up again, belongs to whoever it is about, and goes with them."""

from pathlib import Path

import pytest

from storage import evidence, evidence_links
from storage.database import Pool
from storage.objects import Objects, StoreAwayError
from storage.persons import ErasedError, look_up
from tests.evidence.uploads import PLACE, an_upload, erase, kept_one, read_again


async def test_an_upload_comes_back_as_it_was(pool: Pool, store: Objects) -> None:
    upload = an_upload()
    await evidence.keep(pool, store, upload)
    kept = await read_again(pool, upload.evidence_id)
    assert await evidence.content(store, kept, "original") == upload.original
    assert await evidence.content(store, kept, "clean") == upload.clean
    assert kept.opened is not None
    assert kept.opened.place == PLACE
    assert (kept.case_id, kept.linked_at, kept.bytes) == (None, None, len(upload.original))


async def test_neither_bytes_nor_place_stand_anywhere_in_clear(pool: Pool, store: Objects, folder: Path) -> None:
    kept = await kept_one(pool, store)
    for path in folder.rglob("*"):
        assert path.is_dir() or b"planted" not in path.read_bytes()
    row = str(dict(await pool.fetchrow("select * from evidence where evidence_id = $1", kept.evidence_id) or {}))
    assert kept.opened is not None
    assert kept.evidence_id in row
    assert not [told for told in ("5.4123", "105.3123", kept.opened.data_key) if told in row]
    assert "5.4123" not in repr(kept)
    assert kept.opened.data_key not in repr(kept)


async def test_the_same_upload_again_is_one(pool: Pool, store: Objects) -> None:
    upload = an_upload()
    first = await evidence.keep(pool, store, upload)
    assert await evidence.keep(pool, store, upload) == first


class _OutOfOrder(Objects):
    """A store that goes away after so many calls."""

    def __init__(self, store: Objects, calls: int) -> None:
        super().__init__(store._store)
        self._calls = calls

    async def put(self, name: str, value: bytes, key: bytes) -> None:
        self._calls -= 1
        if self._calls < 0:
            raise StoreAwayError("gone")
        await super().put(name, value, key)


@pytest.mark.parametrize("calls", [0, 1])
async def test_an_upload_that_was_cut_off_is_nowhere_until_it_is_sent_again(
    pool: Pool, store: Objects, calls: int
) -> None:
    upload = an_upload()
    with pytest.raises(StoreAwayError):
        await evidence.keep(pool, _OutOfOrder(store, calls), upload)
    assert await evidence.found(pool, upload.evidence_id) is None
    await evidence.keep(pool, store, upload)
    kept = await read_again(pool, upload.evidence_id)
    assert await evidence.content(store, kept, "original") == upload.original
    assert await evidence.content(store, kept, "clean") == upload.clean


async def test_a_reporters_uploads_fall_under_their_own_key(pool: Pool, store: Objects) -> None:
    first = await kept_one(pool, store)
    second = await kept_one(pool, store, uploaded_by=first.uploaded_by)
    assert [first.person] == [second.person] == await look_up(pool, "account", first.uploaded_by)


async def test_every_upload_of_a_system_has_a_key_of_its_own(pool: Pool, store: Objects) -> None:
    uploads = [await kept_one(pool, store, in_person=False, uploaded_by="bridge", channel="lapor") for _ in range(2)]
    assert uploads[0].person != uploads[1].person
    assert await look_up(pool, "account", "bridge") == []


async def test_whose_key_is_destroyed_has_photos_that_nobody_reads(pool: Pool, store: Objects, folder: Path) -> None:
    kept = await kept_one(pool, store)
    await erase(pool, kept.person)
    again = await read_again(pool, kept.evidence_id)
    assert again.opened is None
    assert list(folder.rglob("original"))
    for part in evidence.PARTS:
        with pytest.raises(ErasedError):
            await evidence.content(store, again, part)


async def test_erasing_removes_all_that_a_person_uploaded_and_nothing_else(
    pool: Pool, store: Objects, folder: Path
) -> None:
    mine = await kept_one(pool, store)
    other = await kept_one(pool, store)
    also_mine = await kept_one(pool, store, uploaded_by=mine.uploaded_by, clean=None, content_type="application/pdf")
    assert await evidence.erase_of(pool, store, mine.person) == 2
    assert await evidence.erase_of(pool, store, mine.person) == 0
    assert {path.parent.name for path in folder.rglob("*") if path.is_file()} == {other.evidence_id}
    for gone in (mine, also_mine):
        left = await pool.fetchrow("select sealed, fingerprint from evidence where evidence_id = $1", gone.evidence_id)
        assert left is not None
        assert (left["sealed"], left["fingerprint"]) == ({}, None)
        assert (await read_again(pool, gone.evidence_id)).opened is None


async def test_erasing_goes_on_where_the_store_went_away(pool: Pool, store: Objects, folder: Path) -> None:
    kept = await kept_one(pool, store)
    (folder / kept.evidence_id / "original").unlink()
    assert await evidence.erase_of(pool, store, kept.person) == 1
    assert not [path for path in folder.rglob("*") if path.is_file()]


class _ErasedMeanwhile(Objects):
    """A store during whose calls the uploader is erased."""

    def __init__(self, store: Objects, pool: Pool, evidence_id: str) -> None:
        super().__init__(store._store)
        self._pool, self._evidence_id = pool, evidence_id

    async def put(self, name: str, value: bytes, key: bytes) -> None:
        query = "select person from evidence where evidence_id = $1"
        await evidence.erase_of(self._pool, self, await self._pool.fetchval(query, self._evidence_id))
        await super().put(name, value, key)


async def test_what_was_erased_while_it_was_sent_is_not_kept(pool: Pool, store: Objects, folder: Path) -> None:
    upload = an_upload()
    for place in (_ErasedMeanwhile(store, pool, upload.evidence_id), store):
        with pytest.raises(ErasedError):
            await evidence.keep(pool, place, upload)
        assert not [path for path in folder.rglob("*") if path.is_file()]


async def test_what_is_being_swept_away_is_not_said_to_be_kept(pool: Pool, store: Objects) -> None:
    upload = an_upload()
    await evidence.keep(pool, store, upload)
    await pool.execute("update evidence set state = 'going' where evidence_id = $1", upload.evidence_id)
    with pytest.raises(ErasedError, match="swept away"):
        await evidence.keep(pool, store, upload)
    await evidence_links.sweep_unused(pool, store)
    await evidence.keep(pool, store, upload)
    assert await evidence.found(pool, upload.evidence_id)


async def test_the_keyed_hash_of_the_same_photo_is_the_same(pool: Pool, store: Objects) -> None:
    uploads = [await kept_one(pool, store), await kept_one(pool, store), await kept_one(pool, store, original=b"x")]
    query = "select fingerprint from evidence where evidence_id = $1"
    first, second, third = [await pool.fetchval(query, kept.evidence_id) for kept in uploads]
    assert first == second != third
