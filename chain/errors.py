"""Every error simnet raises on purpose descends from `SimnetError`.

::

    SimnetError                   exit 4   the harness or its toolchain failed
    ├── ScenarioErrors            exit 2   everything wrong with a scenario file (simnet.scenario)
    ├── UnitError                 exit 2   a quantity without its unit, or beyond its limits (chain.units)
    ├── ParameterError            exit 2   a parameter has a value that cannot be (nodes.parameters)
    │   ├── UnknownKey                     a mapping has a key that means nothing there
    │   └── ExpectationError               an expectation cannot be understood (simnet.verdict.expectations)
    ├── OutputError               exit 4   the run directory cannot be written (simnet.run)
    ├── BadPlugin                 exit 4   a third party's class cannot be used (simnet.plugins)
    ├── ZkmlMissing               exit 4   ezkl is not installed, or of another version (nodes.proofs.circuits.library)
    ├── ProofFailed               exit 4   ezkl could not do what it was asked to (nodes.proofs.circuits.pool)
    └── ChainError                exit 4
        ├── ToolMissing                    anvil, node or solc cannot be found or has the wrong version
        ├── ChainDied                      the child process ended while it was needed
        ├── ChainStartFailed               the child process never answered, or another one did
        ├── RpcFailed                      the chain answered with a JSON-RPC error
        ├── CallReverted                   a read, or a transaction that must not fail, reverted
        └── CompileFailed                  the compiler rejected a contract (chain.evm.compile)

A transaction that reverts in a run is no exception: its receipt carries a `Revert`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chain.seam import Revert


class SimnetError(Exception):
    """Something simnet can explain. `str(error)` says what was wrong and where.

    `hint` is one line that says what to do about it; `exit_code` is what the command line ends with.
    """

    exit_code = 4

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ChainError(SimnetError):
    """The chain, or the tool behind it, failed."""


class ToolMissing(ChainError):
    """An external program is absent or has a version that simnet does not know."""


class ChainStartFailed(ChainError):
    """The chain process did not start, or something else answered in its place."""


class ChainDied(ChainError):
    """The chain process ended while the run still needed it."""


class RpcFailed(ChainError):
    """The chain refused a JSON-RPC request."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {message} (JSON-RPC error {code})")
        self.method = method
        self.code = code


class CallReverted(ChainError):
    """A call that must succeed reverted."""

    def __init__(self, contract: str, function: str, revert: Revert) -> None:
        super().__init__(f"{contract}.{function} reverted: {revert}")
        self.contract = contract
        self.function = function
        self.revert = revert
