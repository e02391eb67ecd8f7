"""The machine: takes one step after another, each a move of somebody who means no good, and holds what must hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from chain.formats.claims import Claim, ClaimTree
from chain.formats.signing import answer_digest, voucher_digest
from chain.quantities import NO_DEADLINE, ZERO_HASH, Hash32, Wei
from simnet.studies.fuzz.arena import Arena, digest
from simnet.studies.fuzz.books import PROPERTIES, REFUSED
from simnet.studies.fuzz.cast import HONEST, HONEST_CLIENT
from simnet.studies.fuzz.duties.base import FEE
from simnet.studies.fuzz.duties.catalogue import DUTIES
from simnet.studies.fuzz.posted import Batch
from simnet.studies.fuzz.setting import MODEL, Setting
from simnet.studies.fuzz.table import Table
from simnet.studies.fuzz.votes import Votes

NEGLECTED = 6
"""Of one batch in so many, no honest participant sees to it that it ends: others do, or it expires."""

AUDIT_EVERY = 16
"""Accepted calls between two audits."""

LARGEST = 2**128 - 1
"""That a voucher can say."""

MAX_OPEN = 4
"""Batches that are open at a time."""


@dataclass(frozen=True)
class Answer:
    """What a node signed for a client."""

    node: str
    claim: Claim
    signature: bytes


class Machine(Table):
    """A game under a setting. `judged` names the properties that are looked at: all unless told otherwise."""

    def __init__(self, setting: Setting, judged: Collection[str] = tuple(PROPERTIES)) -> None:
        super().__init__(Arena(setting), frozenset(judged))
        self._start = self.arena.chain.snapshot()
        self.reset()

    @property
    def steps(self) -> int:
        """Calls made so far."""
        return self.tally.total()

    def reset(self) -> None:
        """Go back to the beginning."""
        self.arena.chain.revert_to(self._start)
        self._start = self.arena.chain.snapshot()
        self.clear()
        self.answers: list[Answer] = []
        self.cumulative: Counter[tuple[str, str]] = Counter()
        self.posts = 0
        self.duty = DUTIES[self.arena.setting.duty](self)
        self.books.promised, self.books.pays = self.duty.promised, self.duty.pays
        self.duty.begin()

    # ---- steps ----

    def step(self, move: Callable[[Machine, Random], None], random: Random) -> None:
        """Make a move with what `random` draws, and let the honest do their duties. Raises `Violation`."""
        self.random = random
        move(self, random)
        self.attend()
        if self.accepted >= AUDIT_EVERY:
            self.accepted = 0
            self.books.audit()

    def finish(self) -> None:
        """Let what must end do so, and hold the books against the chain once more."""
        self.duty.end()
        self.books.audit()

    def attend(self) -> None:
        """Let the honest do all that is due, and what comes due by that."""
        made = -1
        while made != len(self.arena.calls):
            made = len(self.arena.calls)
            self.alarms = {alarm for alarm in self.alarms if alarm > self.arena.now}
            self.duty.watch()
            for batch in self.open:
                self.duty.attend(batch)

    def wait(self, seconds: int) -> None:
        """Let time pass; the honest do their duties on the way."""
        until = self.arena.now + seconds
        while due := [alarm for alarm in self.alarms if alarm <= until]:
            self.arena.wait_until(max(min(due), self.arena.now + 1))
            self.attend()
        if self.arena.now < until:
            self.arena.wait_until(until)

    @property
    def open(self) -> list[Batch]:
        """Batches that are open."""
        return [batch for batch in self.books.batches.values() if batch.is_open]

    @property
    def votes(self) -> Votes:
        """Books of governance, where there is one."""
        assert self.books.votes is not None
        return self.books.votes

    # ---- claims, answers, vouchers, batches ----

    def blank(self, index: int, client: str, fee: int = FEE) -> Claim:
        """A claim about a new task of a client, not executed yet."""
        self.posts += 1
        task, value = digest("task", self.posts), digest("input", self.posts)
        model, now = Hash32(MODEL), self.arena.now
        address = self.arena.address(client)
        return Claim(index, task, model, Hash32(value), ZERO_HASH, ZERO_HASH, address, Wei(fee), now)

    def sign_answer(self, node: str, claim: Claim) -> Answer:
        """A node stands by an answer; whoever asked for it can show it."""
        made = answer_digest(self.arena.domain, claim.task, claim.model, claim.input_hash, claim.output_hash)
        answer = Answer(node, claim, self.arena.sign(node, made))
        self.answers.append(answer)
        return answer

    def voucher(self, client: str, node: str, cumulative: int, price: int = FEE) -> tuple[Any, ...]:
        """A client's word that it owes a node so much."""
        address, payee = self.arena.address(client), self.arena.address(node)
        made = voucher_digest(self.arena.domain, address, payee, Wei(cumulative), Wei(price))
        return address, cumulative, price, self.arena.sign(client, made)

    def honest_voucher(self, client: str, node: str, inferences: int) -> tuple[Any, ...]:
        """A client pays for so many inferences, at the price that it knows."""
        key = (client, node)
        redeemed = self.arena.read("Settlement.redeemedOf", self.arena.address(client), self.arena.address(node))
        self.cumulative[key] = min(max(self.cumulative[key], redeemed) + FEE * inferences, LARGEST)
        if client == HONEST_CLIENT:
            self.books.signed[key] = self.cumulative[key]
            self.books.signed["price", client] = FEE
        return self.voucher(client, node, self.cumulative[key])

    def post(
        self, node: str, claims: list[Claim], results: list[bytes], vouchers: Sequence[tuple[Any, ...]], count: int
    ) -> Batch | None:
        """Post a batch, and remember what is in it; ``None`` if it is refused."""
        tree = ClaimTree(claims)
        at = self.arena.now + 1
        in_place = [i == claim.index < count for i, claim in enumerate(claims)]
        right = [self.duty.is_right(claim, node) for claim in claims]
        wrong = sum(1 << i for i, (placed, good) in enumerate(zip(in_place, right, strict=True)) if placed and not good)
        call = self.arena.call(node, "Settlement.postBatch", tree.root, count, list(vouchers), NO_DEADLINE)
        receipt = self.send([call])[0]
        posted = next((log.args for log in receipt.logs if log.event == "BatchPosted"), None)
        if posted is None:
            self.books.require(node not in HONEST, REFUSED, f"a post of {node}, who is honest, is refused")
            return None
        batch = Batch(
            posted["batch"], node, claims, count, tuple(posted["charges"]), at, wrong, results, posted["fees"]
        )
        batch.is_neglected = self.random.randrange(NEGLECTED) == 0
        self.books.batches[batch.id] = batch
        return batch
