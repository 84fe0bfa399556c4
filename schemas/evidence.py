"""Photos and documents, as interfaces tell of them."""

from pydantic import Field

from schemas.base import CaseId, Model, Reference, UtcDatetime
from schemas.complaint import Place


class Evidence(Model):
    """A photo or document that was uploaded: all but its content."""

    evidence_id: Reference = Field(description="names it in a complaint or message")
    content_type: str = Field(description="as its bytes say: image/jpeg, image/png, image/webp or application/pdf")
    bytes: int = Field(description="of what was uploaded")
    width: int | None = Field(default=None, description="pixels, of a photo set upright")
    height: int | None = None
    stored_at: UtcDatetime
    case_id: CaseId | None = Field(default=None, description="the case that it is part of; none: not used yet")
    place: Place | None = Field(
        default=None, description="where the photo says that it was taken: told to whoever uploaded it, to offer it"
    )
    taken_at: UtcDatetime | None = Field(default=None, description="when, if it says so with its zone; told alike")
