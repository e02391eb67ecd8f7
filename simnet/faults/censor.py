"""Censor: block producers leave transactions out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from chain.evm.abi import contracts, functions_of
from chain.seam import Call
from nodes.identity import Role
from nodes.parameters import ParameterError, Parameters, did_you_mean
from simnet.faults.fault import Finding, Lasting, Setting, Undo, World
from simnet.faults.places import Places, unknown
from simnet.kernel.conditions import Censorship


class LeftOut(Parameters):
    """Which transactions, by which producers."""

    senders: Places | None = Field(default=None, description="those of these nodes or regions; of all if not given")
    contract: str | None = Field(default=None, description="those to this contract; to any if not given")
    function: str | None = Field(default=None, description="those that call this function; any if not given")
    producers: Places | None = Field(default=None, description="who leaves them out; all producers if not given")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.senders is None and self.contract is None and self.function is None:
            raise ParameterError("this does not say what is left out", "name senders, a contract or a function")
        return self


class Censor(Lasting):
    """Have block producers leave out transactions of a sender, to a contract or that call a function.

    They stay pending. As a fault it is nobody's misdeed, such as a filter that all producers must run; the behaviour
    `censor` is a producer's own.
    """

    kind: ClassVar[str] = "censor"
    adds_up: ClassVar[bool] = False
    shows_in: ClassVar[str] = "pending in block_mined, missed_reveals, finality_latency_s"
    sometimes: ClassVar[tuple[str, str] | None] = ("censored", "block producers had to leave transactions out")
    sample: ClassVar[dict[str, Any]] = {"contract": "Settlement", "function": "postBatch"}

    censor: LeftOut

    @property
    def says(self) -> str:
        """What is left out."""
        out = self.censor
        what = f"{out.contract or 'any contract'}.{out.function or '*'}"
        whose = f" of {', '.join(out.senders)}" if out.senders else ""
        return f"{', '.join(out.producers or ('all producers',))} leave out {what}{whose}"

    def begin(self, world: World) -> Undo:
        """Have them left out."""
        engine, out = world.engine, self.censor
        producers = engine.network.members(out.producers or engine.network.everybody)
        senders = engine.network.members(out.senders or engine.network.everybody)
        addresses = frozenset(engine.hosts[name].identity.address for name in senders)

        def excludes(call: Call) -> bool:
            named = out.contract in (None, call.contract) and out.function in (None, call.function)
            return named and (out.senders is None or call.sender in addresses)

        lift = engine.mempool.conditions.censorships.lay(Censorship(frozenset(producers), excludes))
        return Undo.whole(out.senders or (), lift)

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names, and who builds no blocks."""
        out = self.censor
        named = [
            *unknown(setting, ("senders",), out.senders or ()),
            *unknown(setting, ("producers",), out.producers or ()),
        ]
        yield from named
        builders = setting.members(out.producers or setting.roles)
        if not named and not any(setting.roles[name] is Role.PRODUCER for name in builders):
            yield ("producers",), "nobody there builds blocks", "name block producers, such as producer-0"
        yield from self._unknown_calls()

    def _unknown_calls(self) -> Iterator[Finding]:
        out = self.censor
        if out.contract is not None and out.contract not in contracts():
            yield ("contract",), f"unknown contract '{out.contract}'", did_you_mean(out.contract, contracts())
        elif out.function is not None and out.function not in (known := functions_of(out.contract)):
            where = out.contract or "any contract"
            yield ("function",), f"'{out.function}' is no function of {where}", did_you_mean(out.function, known)
