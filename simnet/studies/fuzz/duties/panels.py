"""Duties where a panel of full nodes votes: on everything, on a sample, or on what was reported or not agreed on."""

from __future__ import annotations

from chain.formats.claims import pack_votes, vote_commitment
from chain.quantities import Address
from simnet.studies.fuzz.arena import digest
from simnet.studies.fuzz.cast import HONEST_FULL, WATCHER
from simnet.studies.fuzz.duties.base import GRACE_S, SALT, Unverified, chain_of
from simnet.studies.fuzz.posted import Batch, Sitting


class PanelDuty(Unverified):
    """Votes, as the honest members of a panel execute the claims."""

    @property
    def commits(self) -> bool:
        """Whether votes are committed first."""
        return bool(self.machine.commit_reveal)

    def votes(self, batch: Batch, sitting: Sitting) -> int:
        """What an honest member says; nothing of what it could not get."""
        if batch.is_withheld:
            return 0
        asked = [bool(sitting.ballot >> i & 1) for i in range(batch.count)]
        wrong = [bool(batch.wrong >> i & 1) for i in range(batch.count)]
        return pack_votes(
            [ask and not bad for ask, bad in zip(asked, wrong, strict=True)],
            [ask and bad for ask, bad in zip(asked, wrong, strict=True)],
        )

    def sit(self, batch: Batch, sitting: Sitting) -> None:
        """Vote from each honest seat, and have the votes counted."""
        votes = self.votes(batch, sitting)
        honest = [(seat, who) for seat, who in sitting.seats() if who in HONEST_FULL]
        for seat, who in honest:
            if not batch.once("vote", seat):
                continue
            if self.commits:
                self.commit(batch, sitting, seat, who, votes)
            else:
                self.send(who, f"{self.verifier}.vote", batch, seat, votes)
        if self.commits and not self.is_past(sitting.commit_by):
            return
        for seat, who in honest:
            if self.commits and batch.once("reveal", seat):
                self.send(who, f"{self.verifier}.reveal", batch, seat, votes, SALT)
        if self.is_past(sitting.reveal_by + GRACE_S) and batch.is_open and batch.sitting is sitting:
            self.conclude(batch, f"{self.verifier}.resolve", self.fallen(batch))

    def commit(self, batch: Batch, sitting: Sitting, seat: int, who: str, votes: int) -> None:
        """Commit to votes."""
        commitment = vote_commitment(batch.id, self.machine.arena.address(who), votes, SALT)
        known = {"seat": seat, "commitment": commitment, "commitBy": sitting.commit_by}
        self.machine.honest_by_name(who, f"{self.verifier}.commit", {"batch": batch.id, **known})

    def fallen(self, batch: Batch) -> int:
        """Claims that must be opened when a panel's votes are counted."""
        _, rejected, voided, _ = self.machine.arena.read(f"{self.verifier}.tally", batch.id)
        return int(rejected | voided)

    def is_safe(self, batch: Batch) -> bool:
        """Whether honest members are a quorum in every panel."""
        return all(sitting.is_safe(self.machine.arena.setting.quorum) for sitting in batch.sittings)

    def promised(self, batch: Batch) -> int:
        return batch.wrong if self.is_safe(batch) and not batch.is_withheld else 0

    def pays(self, batch: Batch) -> bool:
        return not self.is_safe(batch)


class CommitteeDuty(PanelDuty):
    """A panel judges everything."""

    def verify(self, batch: Batch) -> None:
        if batch.sitting is not None:
            self.sit(batch, batch.sitting)
        elif self.seed_ready(batch) and batch.once("draw"):
            self.send(WATCHER, "Committee.draw", batch)


class SamplingDuty(PanelDuty):
    """Some claims are judged by validators, who can only accept, and then by everybody."""

    def verify(self, batch: Batch) -> None:
        if batch.sitting is not None:
            self.sit(batch, batch.sitting)
        elif self.seed_ready(batch) and batch.once("draw"):
            self.conclude(batch, "Sampling.draw", batch.proven)

    def fallen(self, batch: Batch) -> int:
        _, rejected, voided, _ = self.machine.arena.read("Sampling.tally", batch.id)
        return 0 if len(batch.sittings) == 1 and voided else int(rejected | voided)

    def promised(self, batch: Batch) -> int:
        """What was drawn and is wrong falls, unless no validator was honest or honest arbiters were no quorum."""
        honest = bool(batch.sittings) and batch.sittings[0].honest > 0 and not batch.is_withheld
        return batch.wrong & batch.drawn if honest and all(self.is_safe_from(s) for s in batch.sittings[1:]) else 0

    def pays(self, batch: Batch) -> bool:
        return True

    def is_safe_from(self, sitting: Sitting) -> bool:
        """Whether the arbiters find what is right."""
        return sitting.is_safe(self.machine.arena.setting.quorum)


class SecretSeedDuty(PanelDuty):
    """Full nodes report on every batch, and show their seeds when an epoch is settled."""

    def begin(self) -> None:
        super().begin()
        self.genesis = int(self.machine.constant("SecretSeed.genesis"))
        self.epoch_s = int(self.machine.constant("SecretSeed.epochLength"))
        self.first = {}
        for who in HONEST_FULL:
            self.first[who] = self.epoch_at(self.machine.arena.now + 1)
            self.machine.honest(who, "SecretSeed.commitSeed", chain_of(f"{who} epochs")[0])
        self.shown = -1
        """Last epoch whose seeds they have shown, or can't show any more."""
        self.busy: dict[int, None] = {}
        """Epochs with batches, whose seeds have not been shown."""

    def epoch_at(self, timestamp: int) -> int:
        """Epoch of a timestamp."""
        return (timestamp - self.genesis) // self.epoch_s

    def verify(self, batch: Batch) -> None:
        if (epoch := self.epoch_at(batch.posted_at)) > self.shown:
            self.busy[epoch] = None
        for who in HONEST_FULL:
            if batch.once("report", who):
                self.send(who, "SecretSeed.report", batch, batch.wrong)
        if batch.sitting is not None:
            self.sit(batch, batch.sitting)
        elif batch.is_open and self.is_past(
            batch.posted_at + self.machine.constant("SecretSeed.reportWindow") + GRACE_S
        ):
            if self.machine.arena.read("SecretSeed.reportsOf", batch.id)[1]:
                self.send(WATCHER, "SecretSeed.arbitrate", batch)
            else:
                self.conclude(batch, "SecretSeed.finalise", batch.proven)

    def watch(self) -> None:
        for epoch in list(self.busy):
            opens = self.genesis + (epoch + 1) * self.epoch_s + self.machine.constant("SecretSeed.settleWindow")
            if not self.is_past(opens):
                continue
            del self.busy[epoch]
            self.shown = max(self.shown, epoch)
            if self.is_past(opens + 250):
                continue
            for who in HONEST_FULL:
                seed = chain_of(f"{who} epochs")[epoch - self.first[who] + 1]
                self.machine.honest(who, "SecretSeed.showSeed", epoch, seed)


class IndexedDuty(PanelDuty):
    """Members commit to a result, and show it; unless a quorum had the posted root, arbiters judge."""

    def verify(self, batch: Batch) -> None:
        if batch.sitting is not None:
            self.sit(batch, batch.sitting)
            return
        if batch.once("draw"):
            self.send(WATCHER, "IndexedCommitment.draw", batch)
        if batch.members and not batch.is_withheld:
            self.agree(batch)
        window = self.machine.constant("IndexedCommitment.showWindow")
        if batch.members and self.is_past(batch.submit_by + window + GRACE_S):
            self.conclude(batch, "IndexedCommitment.conclude", batch.proven)

    def agree(self, batch: Batch) -> None:
        """Commit to what the batch should have been, and show that."""
        result = digest("right", batch.id) if batch.wrong else batch.tree.root
        honest = [(seat, who) for seat, who in enumerate(batch.members) if who in HONEST_FULL]
        for seat, who in honest:
            if batch.once("submit", seat):
                commitment = committed(batch, self.machine.arena.address(who), result)
                self.send(who, "IndexedCommitment.submit", batch, seat, batch.submit_by, commitment)
        if self.is_past(batch.submit_by):
            for seat, who in honest:
                if batch.once("show", seat):
                    self.send(who, "IndexedCommitment.show", batch, seat, result, SALT)


def committed(batch: Batch, member: Address, result: bytes) -> bytes:
    """What a member commits to before it shows a result."""
    return vote_commitment(batch.id, member, int.from_bytes(result, "big"), SALT)
