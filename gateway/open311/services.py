"""Services of Open311: the categories of the policy in force, and what each asks of whoever reports."""

from gateway.api.problems import field_problem
from gateway.open311.documents import Document, Value
from schemas.attributes import Attribute
from schemas.policy import Category, Policy


def service_list(policy: Policy) -> Document:
    """Return all services."""
    return Document("services", [_service(category) for category in policy.categories])


def _service(category: Category) -> Value:
    return {
        "service_code": category.code,
        "service_name": category.name,
        "description": category.description,
        "metadata": bool(category.attributes),
        "type": "realtime",
        "keywords": ", ".join(category.keywords),
        "group": category.group,
    }


def service_definition(policy: Policy, code: str) -> Document:
    """Return what a service asks for, in the order in which it is asked. Raises `ProblemError` 404."""
    category = service(policy, code)
    asked = sorted(category.attributes, key=lambda attribute: attribute.order)
    return Document(
        "service_definition", {"service_code": category.code, "attributes": [_attribute(one) for one in asked]}
    )


def _attribute(asked: Attribute) -> Value:
    return {
        "variable": True,
        "code": asked.code,
        "datatype": asked.datatype.value,
        "required": asked.required,
        "datatype_description": asked.datatype_description or None,
        "order": asked.order,
        "description": asked.description,
        "values": [{"key": choice.key, "name": choice.name} for choice in asked.values],
    }


def service(policy: Policy, code: str) -> Category:
    """Return the category that a service is. Raises `ProblemError` 404."""
    found = named(policy, code)
    if found is None:
        raise field_problem(404, "service_code", "there is no such service: see services")
    return found


def named(policy: Policy, code: str) -> Category | None:
    """Return the category with this code, if the policy has it."""
    return next((category for category in policy.categories if category.code == code), None)
