"""The one place that says how Temporal is spoken to: the client, the data converter, the sandbox."""

import asyncio
import dataclasses

from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverter, PayloadConverter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from runtime import settings, tracing
from runtime.codec import SealedPayloads


class FailuresWithoutTraces(DefaultFailureConverter):
    """Leaves stack traces out of histories: they tell of files on one machine, and nobody needs them for years.

    The worker that ran into a failure logs its trace.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Describe an exception and its causes by type and message alone."""
        super().to_failure(exception, payload_converter, failure)
        part = failure
        while True:
            part.ClearField("stack_trace")
            if not part.HasField("cause"):
                break
            part = part.cause


class SealedFailures(FailuresWithoutTraces):
    """Has the messages of failures sealed with everything else: by themselves they stand in clear."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Describe an exception and its causes by type alone, and put what they say where the codec seals it."""
        super().to_failure(exception, payload_converter, failure)
        part = failure
        while True:
            if part.message != _SEALED:
                said = {"message": part.message, "stack_trace": ""}
                part.encoded_attributes.CopyFrom(payload_converter.to_payloads([said])[0])
                part.message = _SEALED
            if not part.HasField("cause"):
                break
            part = part.cause


_SEALED = "Encoded failure"
"""As Temporal's own converters say it, which put the message back."""

DATA_CONVERTER = dataclasses.replace(pydantic_data_converter, failure_converter_class=FailuresWithoutTraces)
"""How values are written where nothing is sealed."""


def data_converter(*, strict: bool = False) -> DataConverter:
    """Return how values are written and read: sealed if KAWAL_SEAL_PAYLOADS says so, and opened if they were.

    Args:
        strict: whether something sealed that cannot be opened is an error by itself, told in clear: for those who only
            read.

    Raises:
        SettingsError: the keys cannot be read, or payloads are to be sealed and there are none.
    """
    seals = settings.seals_payloads()
    if not seals and not settings.has_keys():
        return DATA_CONVERTER
    codec = SealedPayloads(settings.key_ring().derived("payloads"), seals=seals, strict=strict)
    failures = SealedFailures if seals and not strict else FailuresWithoutTraces
    return dataclasses.replace(DATA_CONVERTER, payload_codec=codec, failure_converter_class=failures)


_PURE_MODULES = (
    "activities.declarations",
    "activities.post_declarations",
    "activities.scorecard_declarations",
    "domain",
    "pydantic",
    "pydantic_core",
    "schemas",
)


class TemporalAwayError(RuntimeError):
    """Temporal does not answer; the message says where."""


def workflow_runner() -> SandboxedWorkflowRunner:
    """Return what workers and replays run workflows in: Temporal's sandbox, without clock, chance, files, environment.

    Modules that hold no state pass through it: importing them anew for every workflow would cost time and memory.
    """
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PURE_MODULES))


async def connect(address: str | None = None, *, wait_seconds: float = 0, lazy: bool = False) -> Client:
    """Connect to Temporal: at the given address, else as the TEMPORAL_* variables and profiles say.

    Args:
        address: host:port; overrides the environment.
        wait_seconds: how long to keep trying while nobody answers.
        lazy: connect with the first call, so that nobody needs to answer yet.

    Raises:
        TemporalAwayError: nobody answers there.
    """
    config = ClientConfig.load_client_connect_config()
    if address is not None:
        config["target_host"] = address
    config.setdefault("target_host", "localhost:7233")
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while True:
        try:
            return await Client.connect(
                **config, data_converter=data_converter(), lazy=lazy, interceptors=tracing.interceptors()
            )
        except (RuntimeError, RPCError) as error:
            if asyncio.get_running_loop().time() >= deadline:
                why = "nobody listens there" if "ConnectionRefused" in str(error) else str(error)
                raise TemporalAwayError(f"Temporal does not answer at {config['target_host']}: {why}") from error
            await asyncio.sleep(0.5)
