"""What the claims of a token say of its bearer: role, agency, offices, channel, and an id that is nobody's name."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from gateway.identity.claims import account_of
from gateway.identity.identity import UnknownCallerError
from gateway.identity.oidc import Tokens
from local.issuer import Issuer, issuer_in
from privacy.ring import KeyRing, new_ring
from runtime.identity import Claims
from schemas.access import Caller, CallerRole
from schemas.base import Reference
from tests.callers import bearer, settings_for
from tests.identity.test_tokens import sound

CLERK = {"kawal_role": "operator", "kawal_agency": "BMBK", "kawal_offices": ["clerk@BMBK"]}


async def caller(issuer: Issuer, ring: KeyRing, claims: dict[str, Any], names: Claims | None = None) -> Caller:
    """Return whom a token with these claims names."""
    return await Tokens(settings_for(issuer, claims=names or Claims()), ring).caller(issuer.sign(sound(**claims)))


@pytest.mark.parametrize(
    ("minted", "known"),
    [
        ({"role": "reporter"}, {}),
        ({"role": "system", "channel": "super-app"}, {"channel": "super-app"}),
        ({"role": "operator", "agency": "BMBK"}, {"agency": "BMBK"}),
        (
            {"role": "operator", "agency": "BMBK", "offices": ["clerk@BMBK", "head@BMBK"]},
            {"agency": "BMBK", "offices": ("clerk@BMBK", "head@BMBK")},
        ),
        (
            {"role": "superior", "agency": "BMBK", "offices": ["secretary@BMBK"]},
            {"agency": "BMBK", "offices": ("secretary@BMBK",)},
        ),
        ({"role": "auditor"}, {}),
        ({"role": "policy-admin"}, {}),
    ],
)
async def test_a_token_says_who_calls(
    tokens: Tokens, issuer: Issuer, minted: dict[str, Any], known: dict[str, Any]
) -> None:
    header = bearer(issuer, sub="one-account", **minted)["Authorization"]

    found = await tokens.caller(header.removeprefix("Bearer "))

    assert found == Caller(id="one-account", role=CallerRole(minted["role"]), **known)


async def test_a_role_has_to_be_among_others_only_once(issuer: Issuer, ring: KeyRing) -> None:
    for roles in (["auditor"], ["offline_access", "auditor", 7, None, {"auditor": 1}], ["auditor", "auditor"]):
        assert (await caller(issuer, ring, {"kawal_role": roles})).role is CallerRole.AUDITOR


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"kawal_role": None}, "claim kawal_role: is missing"),
        ({"kawal_role": "gubernur"}, "claim kawal_role: has to hold exactly one of reporter, system"),
        ({"kawal_role": "Auditor"}, "claim kawal_role: has to hold exactly one"),
        ({"kawal_role": []}, "claim kawal_role: has to hold exactly one"),
        ({"kawal_role": ["gubernur"]}, "claim kawal_role: has to hold exactly one"),
        ({"kawal_role": ["operator", "auditor"]}, "claim kawal_role: has to hold exactly one"),
        ({"kawal_role": {"auditor": True}}, "claim kawal_role: has to hold exactly one"),
        ({"kawal_role": 1}, "claim kawal_role: has to hold exactly one"),
        (CLERK | {"kawal_agency": None}, "claim kawal_agency: is missing, and the role operator needs it"),
        (
            CLERK | {"kawal_role": "superior", "kawal_agency": None},
            "claim kawal_agency: is missing, and the role superior needs it",
        ),
        (CLERK | {"kawal_agency": ["gubernur"]}, "claim kawal_agency: is no agency"),
        (CLERK | {"kawal_agency": ""}, "claim kawal_agency: is no agency"),
        (CLERK | {"kawal_offices": "gubernur"}, "claim kawal_offices: is no list of offices"),
        (CLERK | {"kawal_offices": [["gubernur"]]}, "claim kawal_offices: is no list of offices"),
        (CLERK | {"kawal_offices": {"gubernur": 1}}, "claim kawal_offices: is no list of offices"),
        (CLERK | {"kawal_offices": [f"clerk{n}@BMBK" for n in range(21)]}, "claim kawal_offices: is no list"),
        (CLERK | {"kawal_offices": ["clerk@BMBK", "gubernur@DISHUB"]}, "claim kawal_offices: has an office of another"),
        (CLERK | {"kawal_offices": ["clerk@bmbk"]}, "claim kawal_offices: has an office of another"),
        ({"kawal_role": "system"}, "claim kawal_channel: is missing, and the role system needs it"),
        ({"kawal_role": "system", "kawal_channel": "gubernur 081272345678"}, "claim kawal_channel: is no channel"),
        ({"kawal_role": "system", "kawal_channel": 5}, "claim kawal_channel: is no channel"),
        ({"kawal_role": "system", "kawal_channel": "api"}, "claim kawal_channel: is the channel of people"),
        ({"kawal_role": "system", "kawal_channel": "open311"}, "claim kawal_channel: is the channel of people"),
    ],
)
async def test_a_claim_that_does_not_fit_is_named_but_not_repeated(
    issuer: Issuer, ring: KeyRing, claims: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnknownCallerError) as refused:
        await caller(issuer, ring, claims)
    assert str(refused.value).startswith(said)
    assert "gubernur" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_claims_that_a_role_has_no_use_for_give_it_nothing(issuer: Issuer, ring: KeyRing) -> None:
    everything = {"kawal_agency": "BMBK", "kawal_offices": ["clerk@BMBK"], "kawal_channel": "lapor"}
    for role in ("reporter", "auditor", "policy-admin"):
        found = await caller(issuer, ring, {"kawal_role": role} | everything)
        assert (found.agency, found.offices, found.channel, found.scopes) == (None, (), None, None)
    system = await caller(issuer, ring, {"kawal_role": "system"} | everything)
    assert (system.agency, system.offices, system.channel) == (None, (), "lapor")
    assert (await caller(issuer, ring, {"kawal_role": "operator"} | everything)).channel is None


async def test_one_office_may_stand_alone(issuer: Issuer, ring: KeyRing) -> None:
    assert (await caller(issuer, ring, CLERK | {"kawal_offices": "clerk@BMBK"})).offices == ("clerk@BMBK",)


async def test_claims_may_be_called_otherwise_and_lie_within_others(issuer: Issuer, ring: KeyRing) -> None:
    names = Claims("realm_access.roles", "https://kawal.example/agency", "resource_access.kawal.id.offices", "channel")
    claims = {
        "kawal_role": "auditor",
        "realm_access": {"roles": ["offline_access", "operator"]},
        "https://kawal.example/agency": "BMBK",
        "resource_access": {"kawal.id": {"offices": ["clerk@BMBK"]}, "kawal": {"id": 5}},
    }
    found = await caller(issuer, ring, claims, names)
    assert (found.role, found.agency, found.offices) == (CallerRole.OPERATOR, "BMBK", ("clerk@BMBK",))

    others: tuple[dict[str, Any], ...] = (
        {"realm_access": {}},
        {"realm_access": ["operator"]},
        {"realm_access": "roles"},
    )
    for strange in others:
        with pytest.raises(UnknownCallerError, match=r"^claim realm_access\.roles: is missing"):
            await caller(issuer, ring, claims | strange, names)


UNFIT = ["siti@example.go.id", "081272345678", "1871015708900001", "Siti Aminah", "auth0|5f7c", "x" * 255]


@pytest.mark.parametrize("subject", [*UNFIT, "acct-x", "key-x"])
async def test_who_may_not_stand_in_histories_is_called_otherwise(issuer: Issuer, ring: KeyRing, subject: str) -> None:
    found = await caller(issuer, ring, {"sub": subject})

    assert found.id.startswith("acct-")
    assert len(found.id) == 37
    assert subject not in found.id
    assert found == await caller(issuer, ring, {"sub": subject})


@pytest.mark.parametrize("subject", ["somebody-1", "f3b1c1f2-4c1e-4d55-9c2a-1234567890ab", "google-oauth2:x"])
async def test_who_may_stand_in_histories_keeps_the_name(issuer: Issuer, ring: KeyRing, subject: str) -> None:
    assert (await caller(issuer, ring, {"sub": subject})).id == subject


def test_a_hashed_account_is_a_reference_whatever_it_was(ring: KeyRing) -> None:
    accounts = {account_of("https://id.example", f"{number}@example.id", ring) for number in range(2000)}

    assert len(accounts) == 2000
    assert all(TypeAdapter(Reference).validate_python(account) == account for account in accounts)


def test_a_hashed_account_is_of_one_provider_and_found_out_with_the_index_key_alone(ring: KeyRing) -> None:
    here = account_of("https://id.example", "siti@example.id", ring)

    assert here == account_of("https://id.example", "siti@example.id", KeyRing({"another": b"1" * 32}, ring.index))
    assert here != account_of("https://other.example", "siti@example.id", ring)
    assert here != account_of("https://id.example", "siti@example.id", new_ring("another"))


def test_an_issuer_keeps_its_key_and_shows_the_public_part_alone(tmp_path: Path) -> None:
    first, second = issuer_in(tmp_path), issuer_in(tmp_path)

    assert first.jwk() == second.jwk()
    assert '"d"' not in second.jwks_file.read_text()
    assert issuer_in(tmp_path / "another").kid != first.kid
    (key_file,) = tmp_path.glob("*.pem")
    assert key_file.stat().st_mode & 0o077 == 0
    assert "PRIVATE" not in repr(second)
    key_file.write_text("no key")
    with pytest.raises(ValueError, match="PEM"):
        issuer_in(tmp_path)
