from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest

from runtime import temporal
from tests.cli.command import Dev, Shell


@pytest.fixture
async def elsewhere(shell: Shell, running: Dev) -> Shell:
    """A shell that is told of an empty database and of a namespace that knows nothing of Kawal."""
    connection = await asyncpg.connect(running.addresses["database"])
    await connection.execute("create database elsewhere")
    await connection.close()
    client = await temporal.connect(running.addresses["temporal"])
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace="elsewhere", workflow_execution_retention_period=retention)
    )
    url = running.addresses["database"].replace("/kawal?", "/elsewhere?")
    return shell.having(KAWAL_DATABASE_URL=url, TEMPORAL_NAMESPACE="elsewhere")


async def test_any_database_and_namespace_are_prepared_once(elsewhere: Shell, quick_pack: Path) -> None:
    first = await elsewhere.document("init", "--policy", str(quick_pack))
    assert first["migrations"]
    assert "KawalStatus" in first["search_attributes"]
    assert list(first["policies"]) == ["watch"]

    second = await elsewhere.document("init", "--policy", str(quick_pack))
    assert second == first | {"migrations": [], "search_attributes": []}

    third = await elsewhere.ok("init")
    assert third.out.count("none were missing") == 2

    case = (await elsewhere.document("submit", "--category", "app", "--text", "x"))["case_id"]
    assert (await elsewhere.document("show", case))["case"]["status"] == "received"


async def test_a_namespace_that_was_not_prepared_is_named(shell: Shell, running: Dev) -> None:
    client = await temporal.connect(running.addresses["temporal"])
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace="bare", workflow_execution_retention_period=retention)
    )

    ended = await shell.having(TEMPORAL_NAMESPACE="bare").run("submit", "--category", "app", "--text", "x", "--json")

    assert ended.error == "Temporal's namespace bare is not prepared: run kawal init"
