"""Where faults happen: participants, regions, and the ways between them, as scenarios write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from nodes.identity import Role
from nodes.parameters import ParameterError, Parameters, did_you_mean
from simnet.faults.fault import Below, Finding, Setting
from simnet.scenario.network import NAME_PATTERN, Name

if TYPE_CHECKING:  # loading a scenario needs no network
    from simnet.kernel.network import Network, Way


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


_NAMES = {"type": "array", "items": {"type": "string", "pattern": NAME_PATTERN}, "minItems": 1}

Places = Annotated[
    tuple[Name, ...],
    Field(min_length=1),
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": NAME_PATTERN}, _NAMES]}),
]
"""Names of regions or nodes; one alone needs no list."""


def unknown(setting: Setting, key: Below, names: Sequence[str], *, only_nodes: bool = False) -> Iterator[Finding]:
    """Names that are nobody's, and regions in which nobody is. `key` leads to the names."""
    known = setting.roles if only_nodes else {**setting.roles, **dict.fromkeys(setting.regions)}
    for i, name in enumerate(names):
        if name not in known:
            what = "node" if only_nodes else "region or node"
            yield (*key, i), f"unknown {what} '{name}'", did_you_mean(name, known)
        elif name not in setting.roles and not setting.members([name]):
            yield (*key, i), f"nobody is in region '{name}'", "it has no participants: name another"


class Ways(Parameters):
    """Messages from some participants to others, in one direction or several."""

    @property
    def ends(self) -> list[tuple[tuple[str, ...] | None, tuple[str, ...] | None]]:
        """Regions and nodes at both ends of each way: who sends and who receives; ``None`` for everybody."""
        raise NotImplementedError

    @property
    def named(self) -> list[tuple[str, tuple[str, ...]]]:
        """The keys that name regions and nodes, and what they name."""
        raise NotImplementedError

    @property
    def names(self) -> list[str]:
        """All regions and nodes that it names."""
        return [place for _, places in self.named for place in places]

    def ways(self, network: Network) -> list[Way]:
        """The ways that are meant."""
        everybody = network.everybody
        return [network.way(senders or everybody, receivers or everybody) for senders, receivers in self.ends]

    def problems(self, setting: Setting, *, messages: bool) -> Iterator[Finding]:
        """Unknown names, and ways that nothing takes, or no message if only `messages` count.

        Block producers send and receive no messages: transactions and blocks travel by themselves.
        """
        wrong = [finding for key, places in self.named for finding in unknown(setting, (key,), places)]
        yield from wrong
        if wrong:
            return

        def counted(places: Sequence[str] | None) -> list[str]:
            found = list(setting.roles) if places is None else setting.members(places)
            return [name for name in found if not messages or setting.roles[name] is not Role.PRODUCER]

        for senders, receivers in self.ends:
            last = counted(receivers)[:2]
            if not any(sender != receiver for sender in counted(senders) for receiver in last):
                hint = "block producers send and receive none" if messages else "nobody sends anything to itself"
                yield (), f"{'no message' if messages else 'nothing'} ever goes this way", hint
                return


class OneWay(Ways):
    """Messages from some regions or nodes to others."""

    from_: Places = Field(alias="from", description="regions or nodes that send")
    to: Places = Field(description="regions or nodes that receive")

    @property
    def ends(self) -> list[tuple[tuple[str, ...] | None, tuple[str, ...] | None]]:
        """The one way."""
        return [(self.from_, self.to)]

    @property
    def named(self) -> list[tuple[str, tuple[str, ...]]]:
        """Both ends."""
        return [("from", self.from_), ("to", self.to)]

    @property
    def where(self) -> str:
        """In words."""
        return f"from {', '.join(self.from_)} to {', '.join(self.to)}"


class AnyWay(Ways):
    """Messages between two groups, one way or both; from or to everybody where one is not named."""

    from_: Places | None = Field(default=None, alias="from", description="regions or nodes that send; all if not given")
    to: Places | None = Field(default=None, description="regions or nodes that receive; all if not given")
    between: tuple[Name, Name] | None = Field(default=None, description="two regions or nodes, both ways")

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.between is not None and (self.from_ is not None or self.to is not None):
            raise ParameterError("'between' is both ways, 'from' and 'to' are one", "leave one of them out")
        return self

    @property
    def ends(self) -> list[tuple[tuple[str, ...] | None, tuple[str, ...] | None]]:
        """One way or both."""
        if self.between is not None:
            one, other = self.between
            return [((one,), (other,)), ((other,), (one,))]
        return [(self.from_, self.to)]

    @property
    def named(self) -> list[tuple[str, tuple[str, ...]]]:
        """The ends that are named."""
        parts = (("from", self.from_), ("to", self.to), ("between", self.between))
        return [(key, places) for key, places in parts if places is not None]

    @property
    def where(self) -> str:
        """In words."""
        if self.between is not None:
            return f"between {self.between[0]} and {self.between[1]}"
        return " ".join(f"{key} {', '.join(places)}" for key, places in self.named) or "anywhere"
