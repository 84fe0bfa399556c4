"""Which tokens are believed: signed by the provider, for us, and in their time; everything else opens nothing."""

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from structlog.testing import capture_logs

from gateway.identity.identity import IdentityAwayError, UnknownCallerError
from gateway.identity.oidc import Tokens
from local.issuer import AUDIENCE, ISSUER, Issuer, issuer_in
from privacy.ring import KeyRing
from tests.callers import settings_for

ANYBODY = "somebody-1"


def sound(**others: Any) -> dict[str, Any]:
    """Return claims that are believed, with some in place of others; None removes one."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": ANYBODY, "iat": now, "exp": now + 600, "kawal_role": "reporter"}
    return {name: value for name, value in (claims | others).items() if value is not None}


async def refusal(tokens: Tokens, token: str) -> str:
    """Return why a token is refused; nothing of it stands in the words or logs."""
    with capture_logs() as logs, pytest.raises(UnknownCallerError) as refused:
        await tokens.caller(token)
    said = f"{refused.value} {logs}"
    assert not [part for part in token.split(".") if len(part) > 8 and part in said]
    assert refused.value.__cause__ is None
    return str(refused.value)


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


async def test_a_sound_token_is_believed(tokens: Tokens, issuer: Issuer) -> None:
    assert (await tokens.caller(issuer.sign(sound()))).id == ANYBODY


async def test_a_token_of_another_key_under_the_same_name_is_not_believed(
    tokens: Tokens, issuer: Issuer, tmp_path: Any
) -> None:
    forger = issuer_in(tmp_path / "forger")
    forged = jwt.encode(sound(), forger.key, algorithm="ES256", headers={"kid": issuer.kid})

    assert "signature is wrong" in await refusal(tokens, forged)


async def test_a_token_that_was_changed_is_not_believed(tokens: Tokens, issuer: Issuer) -> None:
    head, _, signature = issuer.sign(sound()).split(".")
    changed = ".".join((head, encoded(sound(kawal_role="auditor")), signature))

    assert "signature is wrong" in await refusal(tokens, changed)


async def test_a_token_without_signature_is_not_believed(tokens: Tokens, issuer: Issuer) -> None:
    for name in ("none", "None", "NONE"):
        unsigned = f"{encoded({'alg': name, 'kid': issuer.kid})}.{encoded(sound())}."
        assert "algorithm (alg) has to be one of" in await refusal(tokens, unsigned)


async def test_a_public_key_is_not_taken_for_a_shared_secret(tokens: Tokens, issuer: Issuer) -> None:
    public = issuer.key.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    hmac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    for secret in (pem, json.dumps(issuer.jwk()).encode()):
        text = f"{encoded({'alg': 'HS256', 'kid': issuer.kid, 'typ': 'JWT'})}.{encoded(sound())}"
        mac = base64.urlsafe_b64encode(hmac.sign(text.encode(), secret)).rstrip(b"=").decode()
        assert "algorithm (alg) has to be one of" in await refusal(tokens, f"{text}.{mac}")


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"iss": "https://evil.example"}, "issuer (iss) that is not trusted"),
        ({"iss": ISSUER + "/"}, "issuer (iss) that is not trusted"),
        ({"aud": "another-service"}, "aud is not ours"),
        ({"aud": ["another-service", "account"]}, "aud is not ours"),
        ({"iss": None}, "claim iss: is missing"),
        ({"aud": None}, "claim aud: is missing"),
        ({"sub": None}, "claim sub: is missing"),
        ({"exp": None}, "claim exp: is missing"),
        ({"iat": None}, "claim iat: is missing"),
        ({"sub": ""}, "claim sub: is empty"),
        ({"sub": 81234}, "claim sub: has to be text"),
        ({"iat": "yesterday"}, "claim iat: has to be a number"),
        ({"exp": "tomorrow"}, "cannot be read"),
        ({"exp": 1e400}, "cannot be read"),
    ],
)
async def test_a_token_for_others_or_without_what_it_needs_is_not_believed(
    tokens: Tokens, issuer: Issuer, claims: dict[str, Any], said: str
) -> None:
    assert said in await refusal(tokens, issuer.sign(sound(**claims)))


async def test_one_of_several_audiences_is_enough(tokens: Tokens, issuer: Issuer) -> None:
    assert await tokens.caller(issuer.sign(sound(aud=["account", AUDIENCE])))


@pytest.mark.parametrize(
    ("moments", "said"),
    [
        ({"exp": -70}, "has expired"),
        ({"exp": -50}, None),
        ({"nbf": 70}, "not valid yet"),
        ({"nbf": 50}, None),
        ({"iat": 70}, "not valid yet"),
        ({"iat": 50}, None),
    ],
)
async def test_clocks_may_differ_by_a_minute(
    tokens: Tokens, issuer: Issuer, moments: dict[str, int], said: str | None
) -> None:
    now = int(time.time())
    token = issuer.sign(sound(**{name: now + seconds for name, seconds in moments.items()}))
    if said:
        assert said in await refusal(tokens, token)
    else:
        assert await tokens.caller(token)


LIST_FOR_NAME = f"{encoded({'alg': ['ES256']})}.e30."


@pytest.mark.parametrize(
    "text", ["x", "a.b", "a.b.c", "....", "eyJ.eyJ.eyJ", "\u2603.\u2603.\u2603", LIST_FOR_NAME, "W10.e30."]
)
async def test_what_is_no_token_is_said_to_be_none(tokens: Tokens, text: str) -> None:
    assert re.search(r"neither a token nor a key|algorithm \(alg\) has to be", await refusal(tokens, text))


async def test_a_token_that_names_no_key_or_is_endless_is_not_looked_at(tokens: Tokens, issuer: Issuer) -> None:
    assert "does not name its key" in await refusal(tokens, jwt.encode(sound(), issuer.key, algorithm="ES256"))
    assert "longer than" in await refusal(tokens, issuer.sign(sound(padding="x" * 20_000)))


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def published(key: Any, issuer: Issuer, kid: str, **others: Any) -> None:
    """Publish a key beside the issuer's."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        written = RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        written = ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        written = OKPAlgorithm.to_jwk(public, as_dict=True)
    jwk = {**written, "kid": kid, **others}
    issuer.jwks_file.write_text(json.dumps({"keys": [{"kty": "new"}, "no key", issuer.jwk(), jwk]}))


@pytest.mark.parametrize(
    ("make", "algorithms"),
    [
        (rsa_key, ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        (lambda: ec.generate_private_key(ec.SECP384R1()), ("ES384",)),
        (ed25519.Ed25519PrivateKey.generate, ("EdDSA",)),
    ],
)
async def test_all_that_providers_sign_with_is_understood(
    tokens: Tokens, issuer: Issuer, make: Callable[[], Any], algorithms: tuple[str, ...]
) -> None:
    key = make()
    published(key, issuer, "new")
    for algorithm in algorithms:
        assert await tokens.caller(jwt.encode(sound(), key, algorithm=algorithm, headers={"kid": "new"}))


async def test_a_key_checks_no_other_algorithm_than_its_own(tokens: Tokens, issuer: Issuer) -> None:
    key = rsa_key()
    published(key, issuer, "new", alg="PS256")

    assert await tokens.caller(jwt.encode(sound(), key, algorithm="PS256", headers={"kid": "new"}))
    other = jwt.encode(sound(), key, algorithm="RS256", headers={"kid": "new"})
    assert "key is not for its algorithm" in await refusal(tokens, other)


@pytest.mark.parametrize(
    ("bits", "others"),
    [(1024, {}), (2048, {"use": "enc"}), (2048, {"alg": "RSA-OAEP"}), (2048, {"n": "AQAB"})],
)
@pytest.mark.filterwarnings("ignore:The RSA key")
async def test_a_key_that_is_weak_or_for_something_else_or_broken_is_passed_over(
    tokens: Tokens, issuer: Issuer, bits: int, others: dict[str, Any]
) -> None:
    key = rsa_key(bits)
    published(key, issuer, "new", **others)

    assert "does not have" in await refusal(tokens, jwt.encode(sound(), key, algorithm="RS256", headers={"kid": "new"}))
    assert await tokens.caller(issuer.sign(sound()))


async def test_a_private_key_that_was_published_is_believed_no_longer(tokens: Tokens, issuer: Issuer) -> None:
    key = rsa_key()
    published(key, issuer, "new", **RSAAlgorithm.to_jwk(key, as_dict=True))

    assert "does not have" in await refusal(tokens, jwt.encode(sound(), key, algorithm="RS256", headers={"kid": "new"}))


async def test_without_its_file_of_keys_nobody_can_say(issuer: Issuer, ring: KeyRing) -> None:
    tokens = Tokens(settings_for(issuer), ring)
    issuer.jwks_file.unlink()

    with pytest.raises(IdentityAwayError):
        await tokens.caller(issuer.sign(sound()))
