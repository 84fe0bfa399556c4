"""People as carriers reach them, and the references under which workflows know them."""

from uuid import UUID, uuid5

import phonenumbers

from gateway.refusals import RefusedError
from schemas.person import Person
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
    return recipient.model_copy(update={"phone": e164("recipient.phone", recipient.phone, country)})


def reachable_person(person: Person, country: str = "ID") -> Person:
    """Return a person whose phone number is written with its country, so that it is found again. Raises alike."""
    if person.phone is None:
        return person
    return person.model_copy(update={"phone": e164("reporter.phone", person.phone, country)})


def e164(field: str, phone: str, country: str = "ID") -> str:
    """Return a phone number as E.164. Raises `RefusedError` naming the field when it is none."""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise RefusedError(f"{field}: is no phone number: write it as 0812... or +62812..., or leave it out")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
