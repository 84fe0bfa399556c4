"""What a person may ask for by law: to see all that is kept of them, and to have it erased (UU 27/2022)."""

from gateway.refusals import NotFoundError, RefusedError
from storage import evidence, person_records, persons
from storage.database import Pool
from storage.objects import Objects
from storage.person_records import Erased


async def persons_by(pool: Pool, kind: str, value: str) -> tuple[str, ...]:
    """Return the persons known by a number, address or account, or that a case or request is about.

    Args:
        pool: the database.
        kind: national_id, phone, email, account, case or person.
        value: what it is; a phone number as E.164.

    Raises:
        NotFoundError: nobody is known by it, or nobody any more.
    """
    if kind == "person":
        return (value,)
    if kind == "case":
        found = await person_records.of_case(pool, value)
        people = [found] if found else []
    else:
        people = list(await persons.look_up(pool, kind, value))
    if not people:
        raise NotFoundError(f"{kind}: nobody is known by it, or nobody any more")
    return tuple(people)


async def erase(pool: Pool, objects: Objects, person: str, *, even_unfinished: bool = False) -> Erased:
    """Erase a person: destroy the key, then remove photos and documents. Killed between, do it again.

    Raises:
        RefusedError: something is still under way for the person, which cannot come to a good end without the data.
        storage.persons.ErasedError: there never was such a person.
        storage.objects.StoreAwayError: photos are unreadable by now, but still there: do it again.
    """
    waiting = await person_records.unfinished(pool, person)
    if waiting.anything and not even_unfinished:
        names = ", ".join((*waiting.cases, *waiting.requests, *waiting.deliveries))
        raise RefusedError(f"still under way: {names}: end these first, or erase even so")
    done = await person_records.erase(pool, person)
    await evidence.erase_of(pool, objects, person)
    return done
