"""Scenario section ``faults``: what breaks, when, and for how long. One class per verb."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from chain.units import Duration
from nodes.parameters import ParameterError, Parameters, did_you_mean
from simnet.scenario.network import Name

Places = Annotated[tuple[Name, ...], Field(min_length=1)]
"""Names of regions or nodes."""


def _everything(value: Any) -> bool:
    """`value` if it says that everything is meant: nothing at all, ``all`` or true."""
    if value not in (None, "all", "true", True):
        raise ParameterError("this undoes everything and names nothing", "write it as 'heal: all'")
    return True


Everything = Annotated[
    bool, BeforeValidator(_everything), PlainSerializer(lambda _: "all"), WithJsonSchema({"enum": ["all", None]})
]
"""The value of a verb that has no object."""


class Fault(Parameters):
    """Something that happens to the network, a node, the chain or the market."""

    verb: ClassVar[str] = ""
    """The key that names it."""

    at: Duration = Field(description="when, since the run began")

    @property
    def lasts(self) -> float | None:
        """Seconds until it is undone by itself; ``None`` if it is not."""
        return None

    @property
    def names(self) -> tuple[tuple[str, int | str, str], ...]:
        """Regions and nodes it is about: the key, the index or key below it, and the name."""
        named = getattr(self, self.verb)
        return tuple((self.verb, i, name) for i, name in enumerate(named)) if isinstance(named, tuple) else ()


class Temporary(Fault):
    """A fault that may undo itself."""

    for_: Duration | None = Field(default=None, gt=0, alias="for", description="how long; until undone if not given")

    @property
    def lasts(self) -> float | None:
        """Seconds until it is undone by itself; ``None`` if it is not."""
        return self.for_


class Partition(Temporary):
    """Cut regions or nodes off from all others; among themselves they still talk."""

    verb: ClassVar[str] = "partition"
    partition: Places


class Heal(Fault):
    """End all partitions."""

    verb: ClassVar[str] = "heal"
    heal: Everything = True


class Link(Parameters):
    """Messages from one region or node to another."""

    from_: Name = Field(alias="from")
    to: Name


class Hold(Temporary):
    """Keep messages back on the way; they arrive when released."""

    verb: ClassVar[str] = "hold"
    hold: Link

    @property
    def names(self) -> tuple[tuple[str, int | str, str], ...]:
        """Both ends of the link."""
        return (self.verb, "from", self.hold.from_), (self.verb, "to", self.hold.to)


class Release(Fault):
    """Let all messages go that are kept back."""

    verb: ClassVar[str] = "release"
    release: Everything = True


class Crash(Temporary):
    """Stop nodes; they lose what they had in memory."""

    verb: ClassVar[str] = "crash"
    crash: Places


class Restart(Fault):
    """Start crashed nodes again."""

    verb: ClassVar[str] = "restart"
    restart: Places


class Reorg(Fault):
    """Replace the chain's last blocks."""

    verb: ClassVar[str] = "reorg"
    reorg: int = Field(ge=1, le=64, description="how many blocks")


class Price(Temporary):
    """Change what OPG is worth, over what it was worth when the run began.

    It moves stakes, fees and slashes against the cost of compute; only participants with interests look at it.
    """

    verb: ClassVar[str] = "price"
    price: float = Field(gt=0, le=1000, description="worth of one OPG; 0.2 for a fall by four fifths")


VERBS: dict[str, type[Fault]] = {
    fault.verb: fault for fault in (Partition, Heal, Hold, Release, Crash, Restart, Reorg, Price)
}
"""Every fault by its verb."""


def read_fault(value: Any, info: ValidationInfo) -> Fault:
    """The fault that `value` describes."""
    if isinstance(value, Fault):
        return value
    expected = f"expected 'at' and one of {', '.join(VERBS)}, such as {{at: 10 min, partition: [eu-west], for: 60 s}}"
    if not isinstance(value, dict):
        raise ParameterError("a fault is a mapping", expected)
    verbs = [key for key in value if key in VERBS]
    if len(verbs) != 1:
        others = [key for key in value if key not in ("at", "for", *VERBS)]
        if verbs or not others:
            raise ParameterError("a fault has exactly one verb", expected)
        raise ParameterError(f"unknown fault '{others[0]}'", did_you_mean(others[0], VERBS))
    return VERBS[verbs[0]].model_validate(value, context=info.context)


class AnyVerb:
    """Annotation that gives a field the JSON schema of all faults."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        faults = VERBS.values()
        return {"oneOf": [f.__get_pydantic_json_schema__(f.__pydantic_core_schema__, handler) for f in faults]}


AnyFault = Annotated[
    Partition | Heal | Hold | Release | Crash | Restart | Reorg | Price,
    PlainValidator(read_fault),
    PlainSerializer(lambda fault: fault.model_dump(mode="json", by_alias=True)),
    AnyVerb(),
]
"""One of the faults."""
