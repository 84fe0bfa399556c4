"""The bytes of an upload, as they arrive: as a form's file or as they are, in memory alone."""

from collections.abc import AsyncGenerator

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from gateway.api.problems import ProblemError, field_problem
from gateway.evidence.kinds import LARGEST_PDF, TAKEN, TooLargeError, sniffed
from gateway.evidence.room import Take

LARGEST_BODY = LARGEST_PDF + 64 * 1024
"""Bytes: the largest file, and the form around it."""

BEYOND_ALL = 2**40
"""Bytes: leaves the bound to what is here. The framework's own answers in plain text, this one as a problem."""

_ENOUGH_TO_KNOW = 16
"""Bytes."""

_TOO_MUCH = f"has more than {LARGEST_PDF // 2**20} MiB: {TAKEN} are taken"


class _InMemory(MultiPartParser):
    """Never writes a file to the disk: there it would lie in clear."""

    spool_max_size = LARGEST_BODY


async def content_of(request: Request, take: Take) -> bytes:
    """Return what was uploaded. Read no further than needed to see that it is nothing that is taken, or too large.

    Args:
        request: as it arrives.
        take: takes up room for it.

    Raises:
        ProblemError: 400, it is no form that can be read; 422, there is no file, or it is empty; 429, there is no room.
        gateway.evidence.kinds.NotTakenError: its first bytes are of nothing that is taken.
        gateway.evidence.kinds.TooLargeError: it has, or says it has, more bytes than anything that is taken.
    """
    is_form = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
    content = await (_of_form(request, take) if is_form else _raw(request, take))
    if not content:
        raise field_problem(422, "file", "is missing: send a photo or document as the field file, or as the body")
    return content


async def _raw(request: Request, take: Take) -> bytes:
    content = bytearray()
    async for chunk in _bounded(request, take):
        before = len(content)
        content += chunk
        if before < _ENOUGH_TO_KNOW <= len(content):
            sniffed(bytes(content[:_ENOUGH_TO_KNOW]))
    return bytes(content)


async def _of_form(request: Request, take: Take) -> bytes:
    try:
        form = await _InMemory(request.headers, _bounded(request, take), max_files=1, max_fields=4).parse()
    except MultiPartException as error:
        raise ProblemError(400, "the form cannot be read: send one file, as the field file") from error
    try:
        file = form.get("file")
        return await file.read() if isinstance(file, UploadFile) else b""
    finally:
        await form.close()


async def _bounded(request: Request, take: Take) -> AsyncGenerator[bytes, None]:
    """Give what arrives, and raise `TooLargeError` as soon as it is too much: at once, where the length is said."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > LARGEST_BODY:
        raise TooLargeError(_TOO_MUCH)
    arrived = 0
    async for chunk in request.stream():
        arrived += len(chunk)
        if arrived > LARGEST_BODY:
            raise TooLargeError(_TOO_MUCH)
        take(len(chunk))
        yield chunk
