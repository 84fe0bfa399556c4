"""The worker as a process beside `kawal dev`, started again when it dies like the servers are."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from local.child import Child
from local.server import Server
from runtime import settings

_START_LIMIT = 60.0
_RPC_LIMIT = timedelta(seconds=5)


class WorkerProcess(Server):
    """A worker that counts as started once Temporal knows that it asks for work."""

    def __init__(self, client: Client, *, environment: Mapping[str, str], log: Path) -> None:
        super().__init__(Child("the worker", log=log, grace=15))
        self._client = client
        self._environment = dict(environment)

    async def _launch(self) -> None:
        await self._child.start(sys.executable, "-m", "worker", environment=self._environment)
        await self._child.until(self._probe, limit=_START_LIMIT, retry=(RuntimeError, RPCError))

    async def _probe(self) -> None:
        answer = await self._client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self._client.namespace,
                task_queue=TaskQueue(name=settings.TASK_QUEUE),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            ),
            timeout=_RPC_LIMIT,
        )
        identity = f"{self.pid}@"
        if not any(poller.identity.startswith(identity) for poller in answer.pollers):
            raise RuntimeError("it does not ask for work yet")
