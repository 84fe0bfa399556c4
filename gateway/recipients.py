"""People as carriers reach them, and the references under which workflows know them."""

from uuid import UUID, uuid5

import phonenumbers

from gateway.refusals import RefusedError
from schemas.service_request import Recipient

_RECIPIENTS = UUID("f97e2977-1579-4da4-9fc5-62027c169d0e")


def reference_of(ordered_by: str) -> str:
    """Return the reference of whoever gets what was ordered under a name: the same for the same name.

    A UUID, because ids that are strung together may by chance look like a personal number, which no history may hold.
    """
    return str(uuid5(_RECIPIENTS, ordered_by))


def reachable(recipient: Recipient, country: str = "ID") -> Recipient:
    """Return a recipient whose phone number is written as carriers read it, with its country.

    Raises:
        RefusedError: it is no phone number.
    """
    if recipient.phone is None:
        return recipient
    try:
        number = phonenumbers.parse(recipient.phone, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise RefusedError("recipient.phone: is no phone number: write it as 0812... or +62812..., or leave it out")
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return recipient.model_copy(update={"phone": written})
