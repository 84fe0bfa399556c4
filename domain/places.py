"""In which of a policy's regions a place lies: by boundaries, by centres, by postal codes, or as somebody said."""

import math
from collections import defaultdict
from collections.abc import Iterable

from domain.points import EARTH_KM, Place
from domain.regions import Parents, common, outwards, parents
from domain.shapes import Shapes
from schemas.places import How, PostalCode
from schemas.policy import Policy

_Found = tuple[str | None, How]
"""A region, and by what it was found."""


class Places:
    """Where the regions of a policy lie, built once for a policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._within = parents(policy)
        self._depths = {code: sum(1 for _ in outwards(code, self._within)) for code in self._within}
        self._shapes = Shapes(policy.boundaries)
        self._centres = self._shapes.centres() | {
            region.code: (region.centre.latitude, region.centre.longitude) for region in policy.regions if region.centre
        }
        self._undrawn = self._regions_that_nobody_drew()
        self._coded = _by_code(policy.postal_codes, self._within)

    def find(self, place: Place | None, postal_code: str | None, region: str | None) -> _Found:
        """Return the region of a place in degrees, of a postal code, or the one that was given.

        Boundaries say best where a place lies. A centre only guesses: the postal code and the given region come before
        it, unless the place is too far from them or boundaries say otherwise. In which regency something is, the place
        decides; a given part of that regency is kept, as it says more.
        """
        here = place if place is not None and _is_on_the_map(place) else None
        given = region if region in self._within else None
        code, how = self._of_place(here) or self._of_words(here, postal_code, given) or self._of_nothing(here)
        if given is not None and self._says_more(given, code):
            return given, How.KEPT
        return code, how

    def differ(self, given: str, found: str | None) -> bool:
        """Return whether what was found lies elsewhere than in the region that was given."""
        return given not in outwards(found, self._within)

    def _of_place(self, here: Place | None) -> _Found | None:
        """Return the smallest region whose boundary is around a place, or the nearest one if that is near enough.

        On a border, and where boundaries overlap, the one with the nearest centre counts, and then the first code.
        """
        if here is None:
            return None
        if around := self._shapes.around(here):
            best = min((-self._depths[code], _km(here, self._centres[code]), code) for code in around)
            return best[2], How.BOUNDARY
        near = sorted(self._shapes.near(here, self._policy.near_boundary_km))
        if not near:
            return None
        nearest = near[0][1]
        parts = [(-self._depths[code], km, code) for km, code in near if nearest in outwards(code, self._within)]
        return min(parts)[2], How.NEAR_BOUNDARY

    def _of_words(self, here: Place | None, postal_code: str | None, given: str | None) -> _Found | None:
        """Return the region of what was said about a place, as long as it could be true; else of the nearest centre."""
        coded = self._coded.get(_plain(postal_code)) if postal_code else None
        said = [(code, how) for code, how in ((coded, How.POSTAL_CODE), (given, How.GIVEN)) if code is not None]
        guess = self._guess(here) if here is not None else None
        if here is not None and guess is not None:
            said = [(code, how) for code, how in said if self._could_be(code, guess, here)]
            said.append((guess, How.CENTRE))
        return said[0] if said else None

    def _of_nothing(self, here: Place | None) -> _Found:
        if here is None or self._policy.outside is None:
            return None, How.UNKNOWN
        return self._policy.outside, How.OUTSIDE

    def _guess(self, here: Place) -> str | None:
        """Return the region whose centre is the nearest, of those that nobody drew; None when all are too far."""
        nearest = min(((_km(here, at), -self._depths[code], code) for code, at in self._undrawn.items()), default=None)
        return nearest[2] if nearest is not None and nearest[0] <= self._policy.near_centre_km else None

    def _could_be(self, said: str, guess: str, here: Place) -> bool:
        """Return whether a region that was said might be right although another's centre is nearer."""
        if said in outwards(guess, self._within):
            return said == guess  # the guess says more
        centre = next((self._undrawn[code] for code in outwards(said, self._within) if code in self._undrawn), None)
        return centre is not None and _km(here, centre) <= self._policy.near_centre_km

    def _says_more(self, given: str, found: str | None) -> bool:
        """Return whether a given region is a part of what was found, or both are parts of the same regency."""
        below, beside = [*outwards(given, self._within)], [*outwards(found, self._within)]
        return given not in beside and (found in below or below[-2:] == beside[-2:])

    def _regions_that_nobody_drew(self) -> dict[str, Place]:
        """Return the centres of regions of which neither they, nor a part, nor what they are part of has a boundary."""
        drawn = {boundary.region for boundary in self._policy.boundaries}
        around = {code for region in drawn for code in outwards(region, self._within)}
        return {
            code: centre
            for code, centre in self._centres.items()
            if code not in around and drawn.isdisjoint(outwards(code, self._within))
        }


def _by_code(codes: Iterable[PostalCode], within: Parents) -> dict[str, str]:
    """Return the region of each postal code: of one that is used in several, the smallest that holds them all."""
    used = defaultdict[str, list[str]](list)
    for code in codes:
        used[_plain(code.postal_code)].append(code.region)
    found = ((code, common(regions, within)) for code, regions in used.items())
    return {code: region for code, region in found if region is not None}


def _plain(postal_code: str) -> str:
    """Return a postal code as it is compared: people write blanks, hyphens and small letters as they like."""
    return "".join(sign for sign in postal_code.upper() if sign.isalnum())


def _is_on_the_map(place: Place) -> bool:
    """Return whether this is a place at all: latitude 0, longitude 0 is what devices say that do not know."""
    latitude, longitude = place
    return place != (0, 0) and abs(latitude) <= 90 and abs(longitude) <= 180


def _km(one: Place, other: Place) -> float:
    """Return the great-circle distance of two places."""
    (south, west), (north, east) = ([math.radians(degrees) for degrees in place] for place in (one, other))
    half = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin((east - west) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
