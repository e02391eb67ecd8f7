"""Duties where claims stand unless somebody challenges them, for a bond."""

from __future__ import annotations

from dataclasses import replace

from chain.formats.claims import Claim, vote_commitment
from chain.hashing import keccak
from chain.quantities import PARTS, Hash32
from simnet.strategies.dispute.attention_challenge import is_called
from simnet.studies.fuzz.arena import PARAMETERS, digest
from simnet.studies.fuzz.cast import DISHONEST_FULL, DISHONEST_NODE, HONEST_FULL, HONEST_NODE, WATCHER
from simnet.studies.fuzz.duties.base import GRACE_S, SALT, chain_of
from simnet.studies.fuzz.duties.panels import PanelDuty
from simnet.studies.fuzz.posted import Batch


class DisputeDuty(PanelDuty):
    """The watcher challenges every wrong claim; arbiters judge."""

    def window(self, key: str) -> int:
        """A window of the contract, in seconds."""
        return int(self.machine.constant(f"{self.verifier}.{key}"))

    def known_at(self, batch: Batch) -> int:
        """When all challenges of a batch are known."""
        return batch.posted_at + self.window("challengeWindow") + self.window("openWindow")

    def verify(self, batch: Batch) -> None:
        self.challenge(batch)
        self.meanwhile(batch)
        if batch.sitting is not None:
            self.sit(batch, batch.sitting)
        elif batch.is_open and self.is_past(self.known_at(batch) + self.window("evidenceWindow") + GRACE_S):
            if self.machine.arena.read(f"{self.verifier}.disputedIn", batch.id):
                self.send(WATCHER, f"{self.verifier}.arbitrate", batch)
            else:
                self.conclude(batch, f"{self.verifier}.finalise", batch.proven)

    def challenge(self, batch: Batch) -> None:
        """Challenge what is wrong; openly, or under seal."""
        if not batch.wrong:
            return
        if not self.window("openWindow"):
            if batch.once("challenge"):
                self.send(WATCHER, f"{self.verifier}.challenge", batch, batch.wrong)
            return
        if batch.once("seal"):
            commitment = vote_commitment(batch.id, self.machine.arena.address(WATCHER), batch.wrong, SALT)
            self.send(WATCHER, f"{self.verifier}.sealChallenge", batch, commitment, batch.wrong.bit_count())
        if self.is_past(batch.posted_at + self.window("challengeWindow")) and batch.once("open"):
            self.send(WATCHER, f"{self.verifier}.openChallenge", batch, batch.wrong, SALT)

    def meanwhile(self, batch: Batch) -> None:
        """What else there is to do before the batch is ripe."""


class Secrets:
    """A chain of secrets that somebody committed to: one for each round of the beacon after the first of them."""

    def __init__(self, who: str, start: int) -> None:
        self.who, self.start, self.links = who, start, chain_of(f"{who} rounds")

    def of(self, number: int) -> bytes | None:
        """Secret of a round; ``None`` before the first and after the last."""
        at = number - self.start
        return self.links[at] if 0 < at < len(self.links) else None


class ForcedErrorDuty(DisputeDuty):
    """Honest nodes add forced errors when their lot says so, and show them when they are challenged."""

    needs_seeds = True

    def begin(self) -> None:
        super().begin()
        self.start = self.round_at(self.machine.arena.now + 20) + 1
        self.secrets = {}
        for who in (HONEST_NODE, DISHONEST_NODE):
            self.secrets[who] = Secrets(who, self.start)
            self.machine.honest(who, "ForcedError.commitSecrets", self.start, self.secrets[who].links[0])
        self.forced: dict[tuple[bytes, str], bytes] = {}
        """Secrets of the forced errors, by task and node."""

    def forced_task(self, who: str, answered_at: int) -> bytes | None:
        """Task of the forced error that a node must or may claim now, if its lot wins."""
        number = self.round_at(answered_at)
        secret = self.secrets[who].of(number)
        if secret is None or number - 1 not in self.fed_rounds:
            return None
        if not self.machine.arena.read("ForcedError.isForced", number, secret):
            return None
        task: bytes = self.machine.arena.read("ForcedError.taskOf", secret)
        if (task, who) in self.forced:
            return None
        self.forced[task, who] = secret
        return task

    def meanwhile(self, batch: Batch) -> None:
        known = self.known_at(batch)
        if not self.is_past(known) or self.is_past(known + self.window("evidenceWindow") - 20):
            return
        for i, claim in enumerate(batch.claims):
            secret = self.forced.get((claim.task, batch.node))
            if secret is not None and batch.node == HONEST_NODE and batch.once("show", i):
                self.send(HONEST_NODE, "ForcedError.showForced", batch, secret, batch.opening(i))
                batch.made_wrong &= ~(1 << i)

    def promised(self, batch: Batch) -> int:
        forced = sum(1 << i for i, claim in enumerate(batch.claims) if (claim.task, batch.node) in self.forced)
        return super().promised(batch) & ~forced


class AttentionDuty(DisputeDuty):
    """Full nodes respond to the claims that call on them, and show their secrets in time."""

    def begin(self) -> None:
        super().begin()
        self.start = self.round_at(self.machine.arena.now + 20) + 1
        self.secrets = {who: Secrets(who, self.start) for who in (*HONEST_FULL, DISHONEST_FULL)}
        for who, secrets in self.secrets.items():
            self.machine.honest(who, "AttentionChallenge.commitSecrets", self.start, secrets.links[0])
        self.shown = 0

    def right(self, claim: Claim, node: str) -> tuple[Claim, bytes]:
        result = digest("result", claim.model, claim.input_hash)
        return replace(super().right(claim, node)[0], evidence_hash=Hash32(keccak(result))), result

    def wrong(self, claim: Claim, node: str, salt: object) -> tuple[Claim, bytes]:
        result = digest("made up result", salt)
        return replace(super().wrong(claim, node, salt)[0], evidence_hash=Hash32(keccak(result))), result

    def is_right(self, claim: Claim, node: str) -> bool:
        result = digest("result", claim.model, claim.input_hash)
        return super().is_right(claim, node) and claim.evidence_hash == keccak(result)

    def meanwhile(self, batch: Batch) -> None:
        number = self.round_at(batch.posted_at)
        for who in HONEST_FULL:
            secret = self.secrets[who].of(number)
            if secret is None or not batch.once("respond", who):
                continue
            calls = sum(1 << i for i in range(len(batch.claims)) if self.is_called(secret, batch, i))
            if calls:
                self.send(who, "AttentionChallenge.respond", batch, batch.posted_at, calls)
        if self.is_past(batch.posted_at + 90 + PARAMETERS.beacon_round_s) and batch.once("show"):
            self.show(number)

    def is_called(self, secret: bytes, batch: Batch, index: int) -> bool:
        """Whether a claim calls on who has this secret; what is made up calls on nobody that is honest."""
        knows = batch.in_place >> index & 1 and self.is_right(batch.claims[index], batch.node)
        return bool(knows) and is_called(secret, batch.id, index, batch.results[index], PARTS // 2)

    def show(self, number: int) -> None:
        """Everybody shows its secret of a round; who is dishonest shows every other."""
        if number <= max(self.shown, self.start):
            return
        self.shown = number
        for who in HONEST_FULL:
            secret = self.secrets[who].of(number)
            if secret is not None:
                self.machine.honest(who, "AttentionChallenge.showSecret", number, secret)
        secret = self.secrets[DISHONEST_FULL].of(number)
        if secret is not None and number % 2:
            self.machine.attempt(DISHONEST_FULL, "AttentionChallenge.showSecret", number, secret)
