"""The JSON schema of scenario files, for editors and for third parties.

Strategies, comparators and behaviours are spelled out with their parameters, plugins included. What spans
sections (names that must exist, counts and times that must fit) no JSON schema can say.
"""

from __future__ import annotations

from typing import Any

from simnet.scenario.schema import COMPARATOR_KEY, Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema, with the comparator where files have it: among the strategy's parameters."""
    schema = Scenario.model_json_schema()
    comparator = schema["properties"].pop(COMPARATOR_KEY)
    schema["required"].remove(COMPARATOR_KEY)
    for choice in schema["properties"]["strategy"]["oneOf"]:
        if "properties" in choice:
            choice["properties"]["comparator"] = comparator
    return {"$schema": DIALECT, **schema}
