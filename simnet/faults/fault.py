"""What a fault is: parameters, an act that returns a handle which undoes exactly that act, and the words for both.

A scenario names a fault by its verb, which is its `kind`: ``{at: 10 min, partition: [eu-west], for: 60 s}``. A
third party adds one as a class with an entry point in the group ``simnet.faults``; the log, the report, the
dashboard and the docs take what they say of it from the class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias

from pydantic import Field

from chain.units import Duration
from nodes.identity import Role
from nodes.parameters import Hint, Parameters
from simnet.log.events import FaultEnded, FaultInjected

if TYPE_CHECKING:  # loading a scenario needs no engine
    from simnet.kernel.engine import Engine
    from simnet.kernel.streams import Streams

Condition: TypeAlias = Literal["down", "cut off", "impaired", ""]
"""What a fault makes of the participants that it names, while it lasts."""

Below: TypeAlias = tuple[str | int, ...]
"""Keys and indices below a fault's verb."""

Moment: TypeAlias = tuple[float, float]
"""A time in seconds, and which of the things that happen then."""

Finding: TypeAlias = tuple[Below, str, Hint]
"""Where below the verb, what is wrong, and a hint."""


@dataclass
class Undo:
    """Takes back what one fault did, and nothing else. Empty for what is over at once."""

    parts: list[tuple[tuple[str, ...], Callable[[], None]]] = field(default_factory=list)
    """Names of whoever it frees, and what frees them; each part is done once."""

    @classmethod
    def whole(cls, names: Iterable[str], lift: Callable[[], None]) -> Undo:
        """All of it together."""
        return cls([(tuple(names), lift)])

    @classmethod
    def each(cls, lifts: Mapping[str, Callable[[], None]]) -> Undo:
        """Every participant by itself."""
        return cls([((name,), lift) for name, lift in lifts.items()])

    @property
    def names(self) -> list[str]:
        """Whom it has not freed yet."""
        return [name for names, _ in self.parts for name in names]

    def __call__(self, only: Collection[str] | None = None) -> list[str]:
        """Take back everything, or the parts about some. Returns who is free of it now."""
        due = [part for part in self.parts if only is None or not set(part[0]).isdisjoint(only)]
        self.parts = [part for part in self.parts if part not in due]
        for _, lift in due:
            lift()
        return [name for names, _ in due for name in names]


class World(Protocol):
    """What a fault can break."""

    @property
    def engine(self) -> Engine:
        """Hosts, network and chain."""
        ...

    @property
    def streams(self) -> Streams:
        """Random streams of the run."""
        ...

    def end(self, kinds: Collection[str], only: Collection[str] | None = None) -> list[str]:
        """Undo the open faults of these kinds, all or the parts about some. Returns who is free of them now."""
        ...


@dataclass(frozen=True)
class Setting:
    """What is known of a run before it begins: enough to say whether a fault can do anything."""

    roles: Mapping[str, Role]
    """Every participant."""
    region: Mapping[str, str]
    """Where each is."""
    regions: tuple[str, ...]
    """All regions, those without participants too."""
    executing: frozenset[str]
    """Who executes models."""
    block_time_s: float
    faults: tuple[Fault, ...]
    complete: bool
    """Whether these are all faults, so that one that is not there does not happen."""
    weighed: bool
    """Whether anybody weighs what OPG is worth."""
    cheats: frozenset[str]
    """Who acts dishonestly, whatever the seed."""

    def members(self, places: Iterable[str]) -> list[str]:
        """Participants meant by names of nodes and regions."""
        wanted = frozenset(places)
        return [name for name in self.roles if name in wanted or self.region[name] in wanted]

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(fault): i for i, fault in enumerate(self.faults)}

    @cached_property
    def _mends(self) -> dict[str, list[Fault]]:
        """What ends faults of each kind."""
        found: dict[str, list[Fault]] = {}
        for fault in self.faults:
            for kind in fault.mends:
                found.setdefault(kind, []).append(fault)
        return found

    @cached_property
    def _holding(self) -> dict[tuple[str, Hashable], list[Fault]]:
        """Faults by what they hold."""
        found: dict[tuple[str, Hashable], list[Fault]] = {}
        for fault in self.faults:
            for held in fault.holds:
                found.setdefault((fault.kind, held), []).append(fault)
        return found

    def _begins(self, fault: Fault) -> Moment:
        return fault.at, self._places[id(fault)]

    def _ends(self, fault: Fault, held: Hashable = None) -> Moment:
        """When it is over, by itself or undone; what is over by itself comes after whatever happens then."""
        begins, last = self._begins(fault), math.inf if fault.lasts is None else fault.at + fault.lasts
        undone = (self._begins(mend) for mend in self._mends.get(fault.kind, ()) if mend.frees(held))
        return min([(last, math.inf), *(moment for moment in undone if moment > begins)])

    def open_at(self, fault: Fault, held: Hashable = None) -> list[Fault]:
        """What `fault` may mend, or of its own kind, that begins before it, or then and above, and holds until then."""
        now, kinds = self._begins(fault), fault.mends or (fault.kind,)
        return [f for f in self.faults if f.kind in kinds and self._begins(f) < now <= self._ends(f, held)]

    def outlasts(self, fault: Fault, held: Hashable) -> Fault | None:
        """An earlier fault of the same kind that holds the same for as long, so that `fault` adds nothing."""
        begins, ends = self._begins(fault), self._ends(fault, held)
        others = self._holding.get((fault.kind, held), ())
        return next((f for f in others if self._begins(f) < begins and self._ends(f, held) >= ends), None)


class Fault(Parameters):
    """Something that happens to the network, a node, the chain or the market."""

    condition: ClassVar[Condition] = ""
    """What the participants that it names are while it lasts."""
    over: ClassVar[str] = "over"
    """What the log and the dashboard say when it ends."""
    shows_in: ClassVar[str] = ""
    """Where a user sees what it does: metrics, records."""
    sometimes: ClassVar[tuple[str, str] | None] = None
    """Name under which a scenario may ask that it happens, and what that means."""
    sample: ClassVar[Any] = None
    """What an example in the docs writes after the verb."""
    mends: ClassVar[tuple[str, ...]] = ()
    """Kinds of faults that it ends."""
    adds_up: ClassVar[bool] = True
    """Whether two that are alike do more than one while both last."""

    at: Duration = Field(description="when, since the run began")

    @property
    def lasts(self) -> float | None:
        """Seconds until it is undone by itself; ``None`` if it is not."""
        return None

    @property
    def undoes(self) -> int:
        """How many blocks it takes back."""
        return 0

    @property
    def holds(self) -> Mapping[Hashable, Below]:
        """What another of its kind can make longer but not worse, and where below the verb it stands."""
        return {} if self.adds_up else {getattr(self, self.kind): ()}

    def frees(self, held: Hashable) -> bool:
        """Whether, of the kinds that it ends, it ends what holds this."""
        return True

    @property
    def says(self) -> str:
        """What happens, in a few words."""
        raise NotImplementedError

    def begin(self, world: World) -> Undo:
        """Do it, now."""
        raise NotImplementedError

    def victims(self, setting: Setting) -> list[str]:
        """Participants that it may stop."""
        return []

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Names that nobody has, and why it could not do anything."""
        return iter(())


class Lasting(Fault):
    """A fault that may undo itself."""

    for_: Duration | None = Field(default=None, gt=0, alias="for", description="how long; until undone if not given")

    @property
    def lasts(self) -> float | None:
        """Seconds until it is undone by itself; ``None`` if it is not."""
        return self.for_


@dataclass
class Injector:
    """Has faults happen and end, and says so in the log."""

    engine: Engine
    streams: Streams
    open: dict[int, tuple[Fault, Undo]] = field(default_factory=dict)
    """Faults that are not undone yet, by number."""
    count: int = 0
    """How many have happened."""

    def schedule(self, faults: Iterable[Fault]) -> None:
        """Have each fault happen at its time, and end after its duration."""
        for fault in faults:
            self._at(fault.at, partial(self.inject, fault))

    def _at(self, time_s: float, act: Callable[[], object]) -> None:
        def happen(_: None) -> None:
            act()

        self.engine.after(time_s - self.engine.now, happen)

    def inject(self, fault: Fault) -> None:
        """Have a fault happen now."""
        number, self.count = self.count, self.count + 1
        undo = fault.begin(self)
        record = FaultInjected(number, fault.kind, fault.says, undo.names, fault.condition, bool(undo.parts))
        self.engine.log.append(self.engine.now, record)
        if undo.parts:
            self.open[number] = fault, undo
            if fault.lasts is not None:
                self._at(fault.at + fault.lasts, partial(self.undo, number))

    def undo(self, number: int, only: Collection[str] | None = None) -> list[str]:
        """Undo one fault, or the parts of it about some; nothing if it is over. Returns who is free of it now."""
        if number not in self.open:
            return []
        fault, undo = self.open[number]
        freed = undo(only)
        if not undo.parts:
            del self.open[number]
        if freed or only is None:
            record = FaultEnded(number, fault.kind, f"{fault.over}: {fault.says}", freed, not undo.parts)
            self.engine.log.append(self.engine.now, record)
        return freed

    def end(self, kinds: Collection[str], only: Collection[str] | None = None) -> list[str]:
        """Undo the open faults of these kinds, all or the parts about some. Returns who is free of them now."""
        due = [number for number, (fault, _) in self.open.items() if fault.kind in kinds]
        return [name for number in due for name in self.undo(number, only)]
