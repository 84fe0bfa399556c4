"""Preparing a namespace, once and again."""

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from runtime.namespace import NamespaceError, register_search_attributes

CITY = SearchAttributeKey.for_keyword("TestsCity")
SIZE = SearchAttributeKey.for_int("TestsSize")


async def test_only_missing_search_attributes_are_registered(client: Client) -> None:
    assert await register_search_attributes(client, [CITY]) == ["TestsCity"]
    assert await register_search_attributes(client, [CITY, SIZE]) == ["TestsSize"]
    assert await register_search_attributes(client, [CITY, SIZE]) == []


async def test_a_search_attribute_of_another_type_is_refused_by_name(client: Client) -> None:
    await register_search_attributes(client, [CITY])
    with pytest.raises(NamespaceError, match="search attribute TestsCity: exists in default with another type"):
        await register_search_attributes(client, [SearchAttributeKey.for_int("TestsCity")])
