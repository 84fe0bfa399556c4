"""Photos and documents, in a folder or a bucket: sealed before they get there, so that the store can read none."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from privacy.sealing import seal, unseal
from runtime.evidence import EvidenceSettings

_CONNECTING, _ONE_CALL, _RETRYING = timedelta(seconds=5), timedelta(seconds=60), timedelta(seconds=15)
"""How long each may take."""

_THREADS = ThreadPoolExecutor(16, thread_name_prefix="objects")
"""Of its own: a store that hangs must not take the threads of all, in which names of hosts are looked up, too."""

_T = TypeVar("_T")


class StoreAwayError(ConnectionError):
    """The store is away, or lets nobody in; the text names what it said, and no object."""


class ObjectMissingError(LookupError):
    """The store has no such object."""


class Objects:
    """Sealed objects by name.

    All calls of the store run in threads of their own: what the library offers for event loops can abort the
    interpreter when that ends right after a call.
    """

    def __init__(self, store: LocalStore | S3Store) -> None:
        """Stand on a store; `opened` makes one."""
        self._store = store

    async def put(self, name: str, value: bytes, key: bytes) -> None:
        """Keep a value under a name, sealed with a key and bound to the name. Again is harmless.

        It is there for good when this returns: also after a power cut.

        Raises:
            StoreAwayError: the store does not take it now.
        """

        def put() -> None:
            self._store.put(name, seal(key, value, name), use_multipart=False)
            self._settle(name)

        await _asked(put)

    async def get(self, name: str, key: bytes) -> bytes:
        """Return the value of an object.

        Raises:
            ObjectMissingError: there is none.
            StoreAwayError: the store does not answer now.
            privacy.sealing.SealBrokenError: it is not what was kept there under this key.
        """

        def get() -> bytes:
            try:
                return unseal(key, bytes(self._store.get(name).bytes()), name)
            except FileNotFoundError as error:
                raise ObjectMissingError("the store has no such object") from error

        return await _asked(get)

    async def delete(self, name: str) -> None:
        """Remove an object, if it is there. Raises `StoreAwayError`."""

        def delete() -> None:
            try:
                self._store.delete(name)
            except FileNotFoundError:
                return

        await _asked(delete)

    def _settle(self, name: str) -> None:
        """Wait until an object is on the disk, and its name in the folder; a bucket answers no sooner by itself."""
        if not isinstance(self._store, LocalStore) or self._store.prefix is None:
            return
        path = self._store.prefix / name
        for each in (path, *path.parents):
            _sync(each)
            if each == self._store.prefix:
                return


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def _asked(call: Callable[[], _T]) -> _T:
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, call)
    except (BaseError, OSError) as error:
        raise StoreAwayError(f"the store of photos and documents refused: {type(error).__name__}") from error


def opened(where: EvidenceSettings) -> Objects:
    """Return the objects in a folder, which is made if it is missing, or in a bucket. Nothing is asked of it yet.

    Credentials, region and endpoint of a bucket come from the AWS_* variables.
    """
    if where.folder is not None:
        where.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Objects(LocalStore(where.folder, automatic_cleanup=True))
    return Objects(
        S3Store(
            where.bucket,
            prefix=where.prefix or None,
            client_options={"connect_timeout": _CONNECTING, "timeout": _ONE_CALL, "allow_http": where.plain_http},
            retry_config={"max_retries": 3, "retry_timeout": _RETRYING},
        )
    )
