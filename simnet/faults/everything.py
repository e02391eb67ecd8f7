"""The value of a verb that has no object: ``heal: all``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from nodes.parameters import ParameterError


def _everything(value: Any) -> bool:
    if value not in (None, "all", "true", True):
        raise ParameterError("this undoes everything and names nothing", "write it as 'heal: all'")
    return True


Everything = Annotated[
    bool, BeforeValidator(_everything), PlainSerializer(lambda _: "all"), WithJsonSchema({"enum": ["all", None]})
]
"""Nothing at all, ``all`` or true."""
