"""RPC: a node's endpoint to the chain does not answer, or answers with errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from nodes.identity import Role
from nodes.parameters import Parameters
from simnet.faults.fault import Condition, Finding, Lasting, Setting, Undo, World
from simnet.faults.places import Places, unknown
from simnet.kernel.conditions import RpcFault

RpcCall: TypeAlias = Literal["submit", "read", "subscribe"]


class Endpoint(Parameters):
    """Whose endpoint, and what it does not do."""

    nodes: Places = Field(description="nodes or regions")
    calls: tuple[RpcCall, ...] = Field(
        default=("submit", "read", "subscribe"), min_length=1, description="what it does not serve"
    )
    how: Literal["timeout", "fail"] = Field(
        default="timeout", description="no answer, so that transactions are late; or errors, and they are refused"
    )


class Rpc(Lasting):
    """Have nodes' endpoints to the chain time out or fail.

    Views are asked for again until there is an answer, and events arrive when the fault is over: a library that polls
    reads the logs of all blocks since the last one that it saw, as does `PollingEventSubscriber` of ethers v6
    (ethers-io/ethers.js, src.ts/providers/subscriber-polling.ts). With `timeout` transactions leave when the fault is
    over; with `fail` they are refused (`RpcFailed` in the receipt).
    """

    kind: ClassVar[str] = "rpc"
    adds_up: ClassVar[bool] = False
    condition: ClassVar[Condition] = "impaired"
    shows_in: ClassVar[str] = "missed_reveals, finality_latency_s"
    sample: ClassVar[dict[str, Any]] = {"nodes": ["full-2"], "calls": ["submit"], "how": "fail"}

    rpc: Endpoint

    @property
    def says(self) -> str:
        """Whose, and what."""
        how = "times out" if self.rpc.how == "timeout" else "fails"
        return f"RPC of {', '.join(self.rpc.nodes)} {how}: {', '.join(self.rpc.calls)}"

    def begin(self, world: World) -> Undo:
        """Break them."""
        engine, broken = world.engine, RpcFault(frozenset(self.rpc.calls), self.rpc.how == "fail")
        names = engine.network.members(self.rpc.nodes)
        return Undo.each({n: engine.hosts[n].conditions.rpc.lay(broken) for n in names})

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names, and nodes that are the chain themselves."""
        named = list(unknown(setting, ("nodes",), self.rpc.nodes))
        yield from named
        if not named and all(setting.roles[n] is Role.PRODUCER for n in setting.members(self.rpc.nodes)):
            yield ("nodes",), "block producers need no endpoint: they are the chain", "name other nodes"
