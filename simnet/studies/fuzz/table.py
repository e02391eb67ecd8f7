"""What a machine and its honest participants share: the arena, the books, and how calls are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from chain.evm import abi
from chain.seam import Call, Receipt
from simnet.studies.fuzz.arena import Arena
from simnet.studies.fuzz.books import REFUSED, Books
from simnet.studies.fuzz.cast import BUILDER, HONEST
from simnet.studies.fuzz.economy_books import EconomyBooks

COPIED = 8
"""One in so many calls of honest participants is copied by who builds the block."""


class Table:
    """An arena with books about it."""

    def __init__(self, arena: Arena, judged: frozenset[str]) -> None:
        self.arena, self.judged = arena, judged
        self.tally: Counter[tuple[str, str]] = Counter()
        """How often each function was called, and what came of it."""
        self._constants: dict[str, Any] = {}
        self.beacon_genesis: int = self.constant("Beacon.genesis")
        self.clear()

    def clear(self) -> None:
        """Forget what was played."""
        self.arena.calls.clear()
        self.books = (EconomyBooks if self.arena.setting.governed else Books)(self.arena, self.judged)
        self.random = Random(0)
        """What the present move draws from."""
        self.alarms: set[int] = set()
        """When the honest want to be asked what is due."""
        self.accepted = 0
        """Calls since the last audit."""

    @property
    def commit_reveal(self) -> bool:
        """Whether the panel commits to votes first."""
        return bool(self.constant(f"{self.arena.setting.verifier_name}.commitReveal"))

    def constant(self, target: str) -> Any:
        """A view that never changes."""
        if target not in self._constants:
            self._constants[target] = self.arena.read(target)
        return self._constants[target]

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.arena.wait_until(self.arena.now + seconds)

    # ---- calls ----

    def send(self, calls: Sequence[Call]) -> tuple[Receipt, ...]:
        """Mine calls in one block, and take them into the books."""
        receipts = self.arena.send(calls)
        for receipt in receipts:
            outcome = receipt.revert.error if receipt.revert else "ok"
            self.tally[str(receipt.call), outcome] += 1
            self.books.note(receipt)
            self.accepted += receipt.ok
        return receipts

    def attempt(self, who: str, target: str, *args: Any) -> Receipt:
        """Somebody calls something, whatever comes of it."""
        return self.send([self.arena.call(who, target, *args)])[0]

    def functions(self, contract: str) -> dict[str, tuple[str, ...]]:
        """Functions of a contract, and the names of their arguments."""
        return {
            name: entry.input_names for name, entry in abi.load(self.arena.setting.artifact(contract)).functions.items()
        }

    def by_name(self, target: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Arguments of a function in its order, out of more of them by name."""
        contract, function = target.split(".")
        return tuple(values[name] for name in self.functions(contract)[function])

    def attempt_by_name(self, who: str, target: str, values: Mapping[str, Any]) -> Receipt:
        """Somebody calls something with the arguments that it takes out of these."""
        return self.attempt(who, target, *self.by_name(target, values))

    def honest(self, who: str, target: str, *args: Any) -> bool:
        """An honest participant does its duty, and now and then somebody copies it before it.

        Raises `Violation` if it is refused although the copy was not accepted.
        """
        call = self.arena.call(who, target, *args)
        copies = [replace(call, sender=self.arena.address(BUILDER))] if self.random.randrange(COPIED) == 0 else []
        *copied, own = self.send([*copies, call])
        came_first = any(receipt.ok for receipt in copied)
        what = f"{target} of {who}, who is honest, is refused: {own.revert}"
        self.books.require(own.ok or came_first or who not in HONEST, REFUSED, what)
        return own.ok

    def honest_by_name(self, who: str, target: str, values: Mapping[str, Any]) -> bool:
        """The same, with the arguments that it takes out of these."""
        return self.honest(who, target, *self.by_name(target, values))
