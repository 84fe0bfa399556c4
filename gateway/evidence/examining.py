"""Finding out what somebody uploaded, beside everything else that goes on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from gateway.evidence import images, kinds
from gateway.evidence.kinds import Examined, Kind

_AT_ONCE = ThreadPoolExecutor(2, thread_name_prefix="evidence")
"""However many upload at once: a large picture takes some hundred megabytes while it is decoded."""


async def examined(content: bytes) -> Examined:
    """Return what is known of a photo or document, once a thread is free to look at it.

    Raises:
        gateway.evidence.kinds.NotTakenError: it is nothing that is taken.
        gateway.evidence.kinds.TooLargeError: it has too many bytes.
        gateway.evidence.kinds.BrokenFileError: it is broken, cut short, or made to break us.
    """
    kind = kinds.sniffed(content)
    kinds.require_size(kind, len(content))
    if kind is Kind.PDF:
        kinds.require_whole_pdf(content)
        return Examined(kind)
    return await asyncio.get_running_loop().run_in_executor(_AT_ONCE, images.examined, kind, content)
