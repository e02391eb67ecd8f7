"""When clients ask: ``poisson 2/s``, ``constant 2/s``, or a recorded trace."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from chain.units import Rate
from nodes.parameters import ParameterError, Parameters
from simnet.scenario.traces import UNITS_S, Trace


class Poisson(Parameters):
    """Requests at independent moments, `rate` of them a second on average over all clients."""

    kind: ClassVar[str] = "poisson"
    rate: Rate = Field(gt=0)


class Constant(Parameters):
    """Requests at even distances, `rate` of them a second over all clients."""

    kind: ClassVar[str] = "constant"
    rate: Rate = Field(gt=0)


_EXPECTED = "expected such as 'poisson 2/s', 'constant 30/min' or {trace: arrivals.csv}"


def read_arrivals(value: Any, info: ValidationInfo) -> Poisson | Constant | Trace:
    """The arrival process that `value` describes."""
    if isinstance(value, Poisson | Constant | Trace):
        return value
    if isinstance(value, dict):
        return Trace.model_validate(value, context=info.context)
    process, _, rate = value.strip().partition(" ") if isinstance(value, str) else ("", "", "")
    if process not in ("poisson", "constant"):
        raise ParameterError(f"'{process or value}' is not an arrival process", _EXPECTED)
    try:
        return (Poisson if process == "poisson" else Constant)(rate=rate)  # type: ignore[arg-type]
    except ValueError:
        raise ParameterError(f"'{rate}' is not a rate above zero", _EXPECTED) from None


def write_arrivals(arrivals: Poisson | Constant | Trace) -> str | dict[str, Any]:
    """What `read_arrivals` makes `arrivals` of."""
    fields = arrivals.model_dump(mode="json", exclude_none=True)
    return fields if isinstance(arrivals, Trace) else f"{arrivals.kind} {fields['rate']}"


Arrivals = Annotated[
    Poisson | Constant | Trace,
    PlainValidator(read_arrivals),
    PlainSerializer(write_arrivals),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^(poisson|constant) "},
                {
                    "type": "object",
                    "properties": {
                        "trace": {"type": "string"},
                        "column": {"type": "string"},
                        "unit": {"enum": list(UNITS_S)},
                    },
                    "required": ["trace"],
                },
            ],
            "examples": ["poisson 2/s", "constant 30/min", {"trace": "arrivals.csv", "unit": "ms"}],
        }
    ),
]
"""An arrival process."""
