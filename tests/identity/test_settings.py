"""Where the settings of the identity provider come from, and what is said when they are not right."""

import json
from pathlib import Path

import pytest

from runtime.identity import Claims, IdentitySettings, identity
from runtime.settings import SettingsError

PROVIDER = {"KAWAL_OIDC_ISSUER": "https://id.example/realms/kawal", "KAWAL_OIDC_AUDIENCE": "kawal"}


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("KAWAL_DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)


def dev_runs(folder: Path, **addresses: str) -> None:
    (folder / ".kawal").mkdir()
    (folder / ".kawal" / "ready.json").write_text(json.dumps({"database": "postgresql://x"} | addresses))


def test_without_any_there_is_no_provider() -> None:
    assert identity({}) is None
    assert identity({"KAWAL_OIDC_ISSUER": " "}) is None


def test_a_provider_is_as_the_environment_says() -> None:
    issuer = PROVIDER["KAWAL_OIDC_ISSUER"]
    assert identity(PROVIDER) == IdentitySettings(issuer, "kawal")
    named = {
        "KAWAL_OIDC_JWKS": "https://id.example/keys",
        "KAWAL_OIDC_CLAIM_ROLE": "realm_access.roles",
        "KAWAL_OIDC_CLAIM_AGENCY": "a",
        "KAWAL_OIDC_CLAIM_OFFICES": "o",
        "KAWAL_OIDC_CLAIM_CHANNEL": "c",
    }
    claims = Claims("realm_access.roles", "a", "o", "c")
    assert identity(PROVIDER | named) == IdentitySettings(issuer, "kawal", "https://id.example/keys", claims)
    agency = {"KAWAL_OIDC_CLAIM_AGENCY": "a"}
    assert identity(PROVIDER | agency) == IdentitySettings(issuer, "kawal", None, Claims(agency="a"))


@pytest.mark.parametrize("written", ["file:{}", "file://{}"])
def test_keys_may_be_in_a_file(tmp_path: Path, written: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text("{}")

    found = identity(PROVIDER | {"KAWAL_OIDC_JWKS": written.format(file)})

    assert found
    assert found.jwks_file == file


def test_an_issuer_need_be_no_address_when_its_keys_are_named(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    found = identity({**PROVIDER, "KAWAL_OIDC_ISSUER": "urn:here", "KAWAL_OIDC_JWKS": "file:keys.json"})

    assert found
    assert (found.issuer, found.jwks_file) == ("urn:here", Path("keys.json"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"KAWAL_OIDC_AUDIENCE": "kawal"}, "set KAWAL_OIDC_ISSUER, too"),
        ({"KAWAL_OIDC_CLAIM_ROLE": "role"}, "set KAWAL_OIDC_ISSUER and KAWAL_OIDC_AUDIENCE, too"),
        (PROVIDER | {"KAWAL_OIDC_JWKS": "http://id.example/keys"}, "KAWAL_OIDC_JWKS cannot be read: write https://"),
        (PROVIDER | {"KAWAL_OIDC_JWKS": "id.example/keys"}, "KAWAL_OIDC_JWKS cannot be read"),
        (PROVIDER | {"KAWAL_OIDC_JWKS": "https://[keys"}, "KAWAL_OIDC_JWKS cannot be read"),
        (PROVIDER | {"KAWAL_OIDC_JWKS": "file:/nowhere/keys.json"}, "there is no file /nowhere/keys.json"),
        (PROVIDER | {"KAWAL_OIDC_ISSUER": "http://id.example"}, "KAWAL_OIDC_ISSUER: is no address that says where"),
        (PROVIDER | {"KAWAL_OIDC_ISSUER": "id.example"}, "or set KAWAL_OIDC_JWKS, too"),
    ],
)
def test_a_mistake_is_named_with_its_mend(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        identity(given)
    assert said in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080"])
def test_on_this_machine_keys_may_come_in_clear(host: str) -> None:
    assert identity(PROVIDER | {"KAWAL_OIDC_JWKS": f"http://{host}/keys"})
    assert identity(PROVIDER | {"KAWAL_OIDC_ISSUER": f"http://{host}"})


def test_without_any_it_is_the_issuer_of_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dev_runs(tmp_path, issuer="https://issuer.kawal.invalid", audience="kawal", jwks="file:/here/keys.json")

    assert identity({}) == IdentitySettings("https://issuer.kawal.invalid", "kawal", "file:/here/keys.json")
    assert identity(PROVIDER) == IdentitySettings("https://id.example/realms/kawal", "kawal")
    monkeypatch.setenv("KAWAL_DATABASE_URL", "postgresql://elsewhere")
    assert identity({}) is None


def test_a_folder_without_an_issuer_has_none(tmp_path: Path) -> None:
    dev_runs(tmp_path, issuer="https://issuer.kawal.invalid")

    assert identity({}) is None
