"""Where the interface is, and what it speaks: the first thing that a foreign client asks."""

from gateway.open311 import standing
from gateway.open311.calls import Call
from gateway.open311.documents import MEDIA_TYPES, Document
from storage import reports

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
PREFIX = "/open311/v2"


async def discovery(call: Call) -> Document:
    """Return the one endpoint there is, and since when its services are as they are."""
    published = await reports.services_changed_at(call.kawal.pool)
    changeset = standing.moment(published) if published else ""
    endpoint = {
        "specification": SPECIFICATION,
        "url": str(call.request.base_url).rstrip("/") + PREFIX,
        "changeset": changeset,
        "type": "production",
        "formats": [media_type.partition(";")[0] for media_type in MEDIA_TYPES.values()],
    }
    return Document(
        "discovery",
        {
            "changeset": changeset,
            "contact": "those who run this interface",
            "key_service": "keys are given by those who run this interface",
            "endpoints": [endpoint],
        },
    )
