"""Books that are kept from events, and what must hold of them after each call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from chain.quantities import BASIS_POINTS, BURN_ADDRESS, TOTAL_SUPPLY
from chain.seam import Log, Receipt
from simnet.measure.rows import as_text
from simnet.studies.fuzz.arena import PARAMETERS, Arena
from simnet.studies.fuzz.cast import HONEST, HONEST_CLIENT, HONEST_FULL, HONEST_NODE
from simnet.studies.fuzz.enclaves import HONEST_TEE
from simnet.studies.fuzz.governed import WALLETS
from simnet.studies.fuzz.posted import Batch, Sitting
from simnet.studies.fuzz.votes import RULED, Votes

BOOKS, LOST, TWICE, SHAPE, PROMISE, REFUSED, GAS = "books", "lost", "twice", "shape", "promise", "refused", "gas"
EVIDENCE, STUCK = "evidence", "stuck"
PROPERTIES = {
    BOOKS: "every wei is in somebody's wallet, escrow, stake, bond, batch or pot, and nowhere twice",
    LOST: "who is honest loses no stake and no bond, and pays no more than it signed",
    TWICE: "a batch becomes final once, and nobody is paid twice for the same",
    SHAPE: "a batch whose leaves are not those that its count says is not paid for",
    PROMISE: "what is wrong in a final batch was rejected, refunded and slashed for, and nothing else was",
    REFUSED: "what an honest participant has to do in time is accepted",
    EVIDENCE: "nobody is slashed but with a claim that falls, for a malformed tree, or for what it did on a panel",
    STUCK: "at the end everybody can leave, and what is left behind is what was rounded away",
    GAS: "a call takes no more gas than a transaction may, and a draw no more for dust",
    RULED: "what a vote can change is changed by one that passed, after its delay and within its bounds",
}

OF_VOTERS = ("wrong_vote", "missed_reveal", "wrong_report", "wrong_commitment", "inattention", "malformed")
"""Reasons of slashes that are not for a claim."""

ROUNDING_WEI = 10**6
"""Shares of shares are rounded down, some hundred times at the most."""

DRAW_GAS, SAMPLE_GAS, MEMBER_GAS, SEAT_GAS = 60_000, 55_000, 9_000, 32_000
"""Gas of a draw at the most, as measured: for itself, for a sample, for each account with a minimum at stake, for each
seat."""


Handler: TypeAlias = Callable[[Log, Mapping[str, Any], Receipt], None]
"""Takes an event, its arguments and the call that it came with into the books."""


class Violation(Exception):
    """Something that must hold does not. `kind` is one of `PROPERTIES`."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(f"{kind}: {sentence}")
        self.kind = kind


@dataclass
class Punishment:
    """What the wrongs of one batch cost its node so far."""

    stake: int
    """Before the first of them."""
    wrongs: int = 0
    slashed: int = 0
    is_comparable: bool = True
    """Whether nothing else changed the stake since."""

    def due(self, share_bps: int, amount: int) -> int:
        """What they should have cost, whoever proved them and however."""
        share = min(self.wrongs * share_bps, BASIS_POINTS)
        return min(self.stake, self.stake * share // BASIS_POINTS + self.wrongs * amount)


@dataclass
class Books:
    """Who has what, by the events. Names of accounts throughout; amounts in wei."""

    arena: Arena
    judged: frozenset[str] = frozenset(PROPERTIES)
    """Properties that are looked at."""
    batches: dict[bytes, Batch] = field(default_factory=dict)
    stakes: Counter[str] = field(default_factory=Counter)
    escrow: Counter[str] = field(default_factory=Counter)
    signed: dict[tuple[str, str], int] = field(default_factory=dict)
    """The most that an honest client signed for a node."""
    charged: Counter[tuple[str, str]] = field(default_factory=Counter)
    bonds: int = 0
    held: int = 0
    """Bounties of proven claims, until their batch is final."""
    pot: int = 0
    """What the verification contract was sent and has not handed on, bonds apart."""
    slash_share_bps: int = PARAMETERS.slash_share_bps
    slash_amount: int = PARAMETERS.slash_amount
    donated: Counter[str] = field(default_factory=Counter)
    """OPG that somebody sent to a contract for nothing."""
    rewarded: Counter[tuple[bytes, str]] = field(default_factory=Counter)
    seats: Counter[tuple[bytes, str]] = field(default_factory=Counter)
    punishments: dict[bytes, Punishment] = field(default_factory=dict)
    outages: defaultdict[bytes, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    """Of each enclave when it went out of service or came back, and since when it was out from then on: 0 if back."""
    used: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    """How often each node proved something by each proof."""
    pays: Callable[[Batch], bool] = lambda batch: True
    """Whether a batch may be paid for whose claims are not all to be had."""
    promised: Callable[[Batch], int] = lambda batch: 0
    """Claims of a batch that the honest participants see to it that they fall, as bits."""

    votes: Votes | None = None
    """Of governance, where there is one."""

    def __post_init__(self) -> None:
        self._handlers = self.handlers()
        for receipt in self.arena.opening:
            self.note(receipt)
        self.votes = Votes(self.arena, self.require) if self.arena.setting.governed else None

    def handlers(self) -> dict[str, Handler]:
        """Who takes which event into the books."""
        return {
            "Transfer": self._on_transfer,
            "Staked": self._on_staked,
            "Withdrawn": self._on_withdrawn,
            "Slashed": self._on_slashed,
            "Jailed": self._on_jailed,
            "Deposited": self._on_deposited,
            "BatchPosted": self._on_batch_posted,
            "Refunded": self._on_refunded,
            "ClaimRejected": self._on_claim_rejected,
            "BatchMalformed": self._on_batch_malformed,
            "BatchFinal": self._on_batch_final,
            "BountyPaid": self._on_bounty_paid,
            "CommitteeDrawn": self._on_committee_drawn,
            "MembersDrawn": self._on_members_drawn,
            "Sampled": self._on_sampled,
            "Rewarded": self._on_rewarded,
            "Challenged": self._on_challenged,
            "ChallengeSealed": self._on_challenge_sealed,
            "ChallengeDecided": self._on_challenge_decided,
            "BondForfeited": self._on_bond_forfeited,
            "ClaimProven": self._on_claim_proven,
            "TEEDisabled": self._on_tee_disabled,
            "TEEEnabled": self._on_tee_enabled,
        }

    def require(self, holds: bool, kind: str, sentence: str) -> None:
        """Raise `Violation` unless it holds, if this property is looked at."""
        if not holds and kind in self.judged:
            raise Violation(kind, sentence)

    def note(self, receipt: Receipt) -> None:
        """Take a call into the books. Raises `Violation`."""
        if receipt.revert is not None:
            self.require(receipt.revert.error != "OutOfGas", GAS, f"{receipt.call} takes {receipt.gas_used:,} gas")
            return
        self._check_punishment(receipt)
        if self.votes is not None:
            self.votes.note(receipt)
        for log in receipt.logs:
            if handler := self._handlers.get(log.event):
                handler(log, log.args, receipt)
        self._check_draw(receipt)

    def name(self, address: str) -> str:
        """Of an account."""
        return self.arena.name(address)

    def _on_transfer(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        to = self.name(args["to"])
        if receipt.call.contract in ("OPG", *WALLETS) and to in self.arena.contracts:
            self.donated[to] += args["value"]

    # ---- stakes ----

    def _on_staked(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.stakes[self.name(args["node"])] += args["amount"]

    def _on_withdrawn(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        if log.contract == "Staking":
            self.stakes[self.name(args["node"])] -= args["amount"]
        else:
            self.escrow[self.name(args["client"])] -= args["amount"]

    def _on_slashed(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        node, to = self.name(args["node"]), self.name(args["bountyTo"])
        self.stakes[node] -= args["amount"]
        self.held += args["bounty"] if to == "Settlement" else 0
        self.pot += args["bounty"] if to == self.arena.setting.verifier_name else 0
        told = reason(args["reason"])
        fallen = any(log.event == "ClaimRejected" and log.args["node"] == args["node"] for log in receipt.logs)
        self.require(fallen or told in OF_VOTERS, EVIDENCE, f"{node} is slashed for {told}, and no claim of its falls")
        fair = node not in HONEST or (told in OF_VOTERS and not self._is_safe(receipt))
        self.require(fair, LOST, f"{node}, who is honest, is slashed for {told}")

    def _on_jailed(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        node = self.name(args["node"])
        self.require(node not in HONEST, LOST, f"{node}, who is honest, is jailed")

    # ---- escrow and batches ----

    def _on_deposited(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.escrow[self.name(args["client"])] += args["amount"]

    def _on_batch_posted(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        node = self.name(args["node"])
        for address, amount in args["charges"]:
            client = self.name(address)
            self.escrow[client] -= amount
            self.charged[client, node] += amount
            within = client != HONEST_CLIENT or self.charged[client, node] <= self.signed.get((client, node), 0)
            self.require(within, LOST, f"{client} is charged more by {node} than it signed")

    def _on_refunded(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.escrow[self.name(args["client"])] += args["amount"]

    def _on_claim_rejected(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        batch, bit = self.batches[args["batch"]], 1 << args["index"]
        self.require(not batch.proven & bit, TWICE, f"claim {args['index']} of a batch is rejected twice")
        batch.proven |= bit
        self.require(batch.node not in HONEST, LOST, f"a claim of {batch.node}, who is honest, is rejected")
        right = reason(args["reason"]) == "fraud" and not batch.wrong & bit and self._is_safe(receipt)
        self.require(not right, PROMISE, f"claim {args['index']} is right, and rejected")

    def _on_batch_malformed(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        batch = self.batches[args["batch"]]
        batch.was_malformed = True
        self.require(batch.malformed is not None, PROMISE, "a batch that is well formed is rejected as malformed")

    def _on_batch_final(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        batch = self.batches[args["batch"]]
        self.require(batch.is_open, TWICE, "a batch becomes final twice")
        batch.is_open = False
        shares = args["paid"] + args["refunded"] + args["toVerifier"]
        self.require(shares == batch.fees, BOOKS, f"of fees of {batch.fees} wei, {shares} are handed on")
        self.pot += args["toVerifier"]
        if batch.was_malformed:
            return
        self.require(batch.malformed is None, SHAPE, "a malformed batch is final as if it were none")
        unpaid = not args["paid"] or not batch.is_withheld or self.pays(batch)
        self.require(unpaid, PROMISE, "a batch is paid for although nobody could get all of its claims")
        missed = self.promised(batch) & ~batch.proven
        expired = args["accepted"] == 0 and (batch.is_neglected or batch.malformed is not None)
        self.require(expired or not missed, PROMISE, f"wrong claims {missed:b} stand in a final batch of {batch.node}")
        self._check_refund(batch, receipt)
        self._check_bounties(batch, receipt)

    def _on_bounty_paid(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.held -= args["amount"]
        self.pot += args["amount"] if self.name(args["to"]) == self.arena.setting.verifier_name else 0

    def _check_refund(self, batch: Batch, receipt: Receipt) -> None:
        """An honest client has its price back for each claim that fell, out of what it paid into the batch."""
        client = self.arena.address(HONEST_CLIENT)
        fallen = sum(1 for i, claim in enumerate(batch.claims) if batch.proven >> i & 1 and claim.client == client)
        paid = sum(amount for address, amount in batch.charges if address == client)
        back = sum(
            log.args["amount"] for log in receipt.logs if log.event == "Refunded" and log.args["client"] == client
        )
        due = min(paid, fallen * self.signed.get(("price", HONEST_CLIENT), 0))
        self.require(back >= due, LOST, f"{HONEST_CLIENT} has {back} wei back of {due} for {fallen} claims that fell")

    def _check_bounties(self, batch: Batch, receipt: Receipt) -> None:
        """What the verifier finds as well earns no bounty but its own: else a convict would denounce itself."""
        verifier = self.arena.setting.verifier_name
        if batch.is_withheld or not any(log.event == "Resolved" for log in receipt.logs):
            return
        if not (batch.sittings and self._is_safe(receipt)) or batch.proven & ~(batch.wrong & batch.sittings[-1].ballot):
            return
        to = {self.name(log.args["to"]) for log in receipt.logs if log.event == "BountyPaid"} - {verifier}
        self.require(not to, PROMISE, f"a bounty goes to {', '.join(to)} although the verifier found the same")

    def _check_punishment(self, receipt: Receipt) -> None:
        """However and by whom wrongs are proven, they cost as much as if they were judged together."""
        fallen = [log.args for log in receipt.logs if log.event == "ClaimRejected"]
        if not fallen:
            return
        batch, node = fallen[0]["batch"], self.name(fallen[0]["node"])
        slashes = [log.args for log in receipt.logs if log.event == "Slashed" and self.name(log.args["node"]) == node]
        slashed = sum(slash["amount"] for slash in slashes if reason(slash["reason"]) not in OF_VOTERS)
        found = self.punishments.setdefault(batch, Punishment(self.stakes[node]))
        found.is_comparable &= found.stake - found.slashed == self.stakes[node]
        found.wrongs += len(fallen)
        found.slashed += slashed
        due = found.due(self.slash_share_bps, self.slash_amount)
        fair = not found.is_comparable or abs(due - found.slashed) <= ROUNDING_WEI
        self.require(fair, PROMISE, f"{found.wrongs} wrongs cost {node} {found.slashed} wei instead of {due}")

    # ---- panels, challenges, rewards ----

    def _on_committee_drawn(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        members = tuple(map(self.name, args["members"]))
        honest = sum(weight for name, weight in zip(members, args["weights"], strict=True) if name in HONEST)
        sitting = Sitting(
            args["firstSeat"], members, args["commitBy"], args["revealBy"], args["ballot"], honest, sum(args["weights"])
        )
        self.batches[args["batch"]].sittings.append(sitting)
        left_out = set(HONEST_FULL) - set(members) if self.arena.setting.seats_all else ()
        self.require(not left_out, REFUSED, f"{', '.join(sorted(left_out))}, who is honest, has no seat")
        self.seats.update((args["batch"], name) for name in members)

    def _on_members_drawn(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        batch = self.batches[args["batch"]]
        batch.members, batch.submit_by = tuple(map(self.name, args["members"])), args["submitBy"]
        self.seats.update((batch.id, name) for name in batch.members)

    def _on_sampled(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.batches[args["batch"]].drawn = args["claims"]

    def _on_rewarded(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        key = (args["batch"], self.name(args["member"]))
        self.pot -= args["amount"]
        self.rewarded[key] += 1
        self.require(self.rewarded[key] <= max(1, self.seats[key]), TWICE, f"{key[1]} is rewarded twice for a batch")

    def _on_challenged(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        if receipt.call.function == "challenge":
            self.bonds += args["bonded"]

    def _on_challenge_sealed(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.bonds += args["bonded"]

    def _on_challenge_decided(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.bonds -= args["forfeited"] + args["returned"]
        who = self.name(args["challenger"])
        fair = who not in HONEST or not args["forfeited"] or not self._is_safe(receipt)
        self.require(fair, LOST, f"{who}, who is honest, loses a bond of {args['forfeited']} wei")

    def _on_bond_forfeited(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.bonds -= args["amount"]
        who = self.name(args["challenger"])
        self.require(who not in HONEST, LOST, f"{who}, who is honest, forfeits a bond")

    # ---- evidence ----

    def _on_claim_proven(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        batch, proof = self.batches[args["batch"]], (self.name(args["node"]), args["proof"])
        wrong = batch.made_wrong >> args["index"] & 1
        self.require(not wrong, PROMISE, f"claim {args['index']} of {batch.node} is wrong, and proven")
        self.used[proof] += 1
        self.require(self.used[proof] == 1, TWICE, f"{proof[0]} proves two claims by one proof")

    def _on_tee_disabled(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.outages[args["teeId"]].append((self.arena.now, self.arena.now))
        self.require(args["teeId"] != HONEST_TEE, LOST, f"the enclave of {HONEST_NODE} is put out of service")

    def _on_tee_enabled(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.outages[args["teeId"]].append((self.arena.now, 0))

    def _is_safe(self, receipt: Receipt) -> bool:
        """Whether honest members are a quorum in every panel of the batch that a call is about."""
        batch = self.batches.get(receipt.call.args[0]) if receipt.call.args else None
        quorum = self.arena.setting.quorum
        return batch is None or all(sitting.is_safe(quorum) for sitting in batch.sittings)

    # ---- gas, balances ----

    def _check_draw(self, receipt: Receipt) -> None:
        drawn = [len(log.args["members"]) for log in receipt.logs if log.event in ("CommitteeDrawn", "MembersDrawn")]
        if not drawn or receipt.call.function not in ("draw", "arbitrate") or self.arena.setting.governed:
            return
        staked = sum(amount >= PARAMETERS.min_stake_full for amount in self.stakes.values())
        samples = sum(log.event == "Sampled" for log in receipt.logs)
        most = DRAW_GAS + SAMPLE_GAS * samples + MEMBER_GAS * staked + SEAT_GAS * sum(drawn)
        self.require(receipt.gas_used <= most, GAS, f"a draw takes {receipt.gas_used:,} gas, more than {most:,}")

    def audit(self) -> None:
        """Hold the books against what the chain says. Raises `Violation`."""
        chain, setting = self.arena.chain, self.arena.setting
        balances = {name: chain.balance(address) for address, name in self.arena.names.items()}
        balances["burned"] = chain.balance(BURN_ADDRESS)
        self._same("supply", sum(balances.values()), TOTAL_SUPPLY)
        fees = sum(batch.fees for batch in self.batches.values() if batch.is_open)
        self._same("escrow", sum(self.escrow.values()) + fees + self.held, self._of("Settlement", balances))
        self._same("stakes", sum(self.stakes.values()), self._of("Staking", balances))
        for name in {name for name, amount in (self.stakes | self.escrow).items() if amount}:
            address = self.arena.address(name)
            self._same(f"escrow of {name}", self.arena.read("Settlement.escrowOf", address), self.escrow[name])
            self._same(f"stake of {name}", self.arena.read("Staking.slashableOf", address), self.stakes[name])
        if setting.verifier_name:
            self._audit_verifier(self._of(setting.verifier_name, balances))

    def _audit_verifier(self, balance: int) -> None:
        verifier = self.arena.setting.verifier_name
        if self.bonds or verifier in ("Optimistic", "ForcedError", "AttentionChallenge"):
            self._same("bonds", self.arena.read(f"{verifier}.bonded"), self.bonds)
        if verifier in ("Sampling", "SecretSeed"):
            self._same("pot", balance, self.pot)
        elif verifier == "ForcedError":
            self.require(balance + self.donated[verifier] >= self.bonds, BOOKS, "the pool of jackpots is below zero")
        else:
            self._same(f"holdings of {verifier}", balance, self.bonds)

    def _of(self, contract: str, balances: Mapping[str, int]) -> int:
        return balances[contract] - self.donated[contract]

    def _same(self, what: str, found: int, expected: int) -> None:
        self.require(found == expected, BOOKS, f"{what}: {found} instead of {expected} wei")


def reason(word: bytes) -> str:
    """A short string in a word."""
    return as_text(word.hex())
