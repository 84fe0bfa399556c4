"""Preparing a Temporal namespace, any namespace, for Kawal; doing it again changes nothing."""

from collections.abc import Sequence
from datetime import datetime

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

AnyKey = SearchAttributeKey[str] | SearchAttributeKey[int] | SearchAttributeKey[datetime]


class NamespaceError(RuntimeError):
    """The namespace cannot be prepared; the message says why, and what helps."""


async def register_search_attributes(client: Client, keys: Sequence[AnyKey]) -> list[str]:
    """Register the search attributes that the namespace lacks; return their names.

    Raises:
        NamespaceError: one exists with another type, or this server lets nobody register any (Temporal Cloud: add them
            with its own command or page).
    """
    operator, namespace = client.operator_service, client.namespace
    wanted = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in keys}
    try:
        listing = await operator.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
        there = listing.custom_attributes
        for name, kind in wanted.items():
            if there.get(name, kind) != kind:
                raise NamespaceError(
                    f"search attribute {name}: exists in {namespace} with another type; remove it there"
                )
        missing = {name: kind for name, kind in wanted.items() if name not in there}
        if missing:
            await operator.add_search_attributes(
                AddSearchAttributesRequest(namespace=namespace, search_attributes=missing)
            )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            mend = f"make it first: temporal operator namespace create {namespace}"
        else:
            names = (f"{key.name} ({key.indexed_value_type.name.title()})" for key in keys)
            mend = f"add these search attributes by hand: {', '.join(names)}"
        raise NamespaceError(f"namespace {namespace}: {error.message.rstrip('.')}; {mend}") from error
    return list(missing)
