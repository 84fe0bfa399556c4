"""Where photos and documents are kept is set by one address; nothing is kept in a place that nobody chose."""

import json
from pathlib import Path

import pytest

from runtime import settings
from runtime.evidence import evidence
from runtime.settings import SettingsError


@pytest.fixture(autouse=True)
def _no_other_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KAWAL_DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(settings, "READY_FILE", tmp_path / "ready.json")


def test_a_folder_is_read_from_its_address() -> None:
    found = evidence({"KAWAL_EVIDENCE_URL": "file:///srv/kawal%20evidence"})
    assert (found.folder, found.bucket) == (Path("/srv/kawal evidence"), None)


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [("s3://photos/kawal/2026/", "photos", "kawal/2026"), ("s3://photos", "photos", ""), ("s3://p.q-r/", "p.q-r", "")],
)
def test_a_bucket_is_read_from_its_address(url: str, bucket: str, prefix: str) -> None:
    found = evidence({"KAWAL_EVIDENCE_URL": url})
    assert (found.folder, found.bucket, found.prefix, found.plain_http) == (None, bucket, prefix, False)


@pytest.mark.parametrize(
    ("endpoint", "allowed", "plain"),
    [("127.0.0.1", "", "yes"), ("minio.example", "", "no"), ("minio.example", "true", "yes")],
)
def test_a_bucket_is_reached_in_clear_on_this_machine_or_where_that_is_asked_for(
    endpoint: str, allowed: str, plain: str
) -> None:
    given = {"KAWAL_EVIDENCE_URL": "s3://photos", "AWS_ENDPOINT_URL": f"http://{endpoint}:9000"}
    assert evidence(given | {"AWS_ALLOW_HTTP": allowed}).plain_http is (plain == "yes")


def test_without_it_the_folder_of_kawal_dev_is_taken(tmp_path: Path) -> None:
    (tmp_path / "ready.json").write_text(json.dumps({"evidence": (tmp_path / "my evidence").as_uri()}))
    assert evidence({}).folder == tmp_path / "my evidence"


def test_who_works_elsewhere_does_not_mean_the_folder_of_kawal_dev(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ready.json").write_text(json.dumps({"evidence": tmp_path.as_uri()}))
    monkeypatch.setenv("KAWAL_DATABASE_URL", "postgresql://db.example/kawal")
    with pytest.raises(SettingsError, match="Set KAWAL_EVIDENCE_URL to file:///folder"):
        evidence({})


def test_with_nothing_set_it_is_said_what_to_set() -> None:
    with pytest.raises(SettingsError, match=r"s3://bucket/prefix with AWS_ACCESS_KEY_ID"):
        evidence({})


@pytest.mark.parametrize(
    "url",
    [
        "/srv/evidence",
        "file://",
        "file:///",
        "file://host/srv",
        "s3://",
        "s3://hunter2:hunter3@photos",
        "s3://photos:99",
        "gs://photos",
        "memory:///",
        "s3://[",
    ],
)
def test_what_cannot_be_read_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(SettingsError, match="KAWAL_EVIDENCE_URL cannot be read") as error:
        evidence({"KAWAL_EVIDENCE_URL": url})
    assert "hunter" not in str(error.value)
