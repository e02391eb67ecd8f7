"""The books of a run: every OPG that moves, from where to where, folded from the log.

Double entry: each contract event that moves OPG is booked as one move between two accounts, so that nothing appears
or vanishes. Accounts are opened by the balances read at genesis, and every later reading is held against them, to the
wei. The two are made apart: events are what contracts say they do, balances are what the token says was done.

Events that move OPG without a token transfer (stake that begins to unbond, fees charged from an escrow and given back
to it) are booked like those that come with one. Transfers of the token itself are booked where no event tells of
them: what a verification contract burns, and what participants give each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from simnet.measure.rows import Row

VERIFIER = "verifier"
"""The verification contract, whatever its name."""
TREASURY, BURNED = "treasury", "burned"
OUTSIDE = "outside"
"""Whoever nothing is known of."""

DISCREPANCIES_KEPT = 10


class Pocket(Enum):
    """Where OPG of a participant, a batch or a contract is."""

    WALLET = "wallet"
    """Its own balance of the token; that of the verification contract less the bonds in it."""
    ESCROW = "escrow"
    """A client's, in Settlement, for vouchers to draw on."""
    BONDED = "bonded"
    UNBONDING = "unbonding"
    """Stake, in Staking."""
    LOCKED = "locked"
    """Bonds of a challenger, in the verification contract."""
    FEES = "fees"
    """Of an open batch, in Settlement."""
    HELD = "held"
    """Bounties on claims proven wrong, in Settlement until their batch is final."""


class Account(NamedTuple):
    """Whose pocket: a participant's, a contract's, or a batch's."""

    owner: str
    pocket: Pocket


HELD = Account("Settlement", Pocket.HELD)


class Move(NamedTuple):
    """OPG that went from one account to another, in wei."""

    t: float
    kind: str
    """``fee``, ``refund``, ``share`` (the verifier's, of fees), ``reward``, ``prize``, ``compensation``, ``bounty``,
    ``slash``, ``forfeit``, ``burn``, ``transfer``; and ``stake``, ``unbond``, ``withdraw``, ``deposit``, ``bond``,
    ``bond back`` between pockets of one participant."""
    source: Account
    target: Account
    amount: int


class Discrepancy(NamedTuple):
    """A balance that is not what the ledger says, in wei."""

    moment: str
    t: float
    what: str
    read: int
    expected: int


@dataclass
class Ledger:
    """Fold of a log into accounts."""

    balances: dict[Account, int] = field(default_factory=dict)
    """What each account holds; accounts of batches go when they are empty."""
    flows: dict[tuple[str, str], int] = field(default_factory=dict)
    """By participant or contract, and kind of move: what it got, less what it gave; fees of batches apart."""
    opening: dict[str, int] = field(default_factory=dict)
    """What each participant had in all its pockets when the run began."""
    roles: dict[str, str] = field(default_factory=dict)
    """Participants, in the order in which they joined."""
    readings: int = 0
    """How often balances were read."""
    complete: bool = False
    """Whether they were read at the end."""
    most_locked: dict[str, int] = field(default_factory=dict)
    """The most that each challenger ever had locked as bonds at a time."""
    discrepancies: list[Discrepancy] = field(default_factory=list)
    """The first that were found."""
    moves: int = 0
    overdrawn: Move | None = None
    """The first move of more than there was, as far as it is known what there was."""
    _names: dict[str, str] = field(default_factory=dict)
    _sealed: dict[tuple[str, str], bool] = field(default_factory=dict)

    def on(self, row: Row) -> None:
        """Take the next row of the log."""
        match row["kind"]:
            case "contract_event":
                if row["event"] in EVENTS:
                    EVENTS[row["event"]](self, row)
            case "participant_joined":
                self._join(row)
            case "balances_read":
                self._read(row)

    # -- what it says ------------------------------------------------------------------------------------------

    def held(self, owner: str, *pockets: Pocket) -> int:
        """What somebody holds in these pockets, or in all, in wei."""
        return sum(self.balances.get(Account(owner, pocket), 0) for pocket in pockets or Pocket)

    def gain(self, owner: str) -> int:
        """What a participant has more than when the run began, in wei, whatever pocket it is in."""
        return self.held(owner) - self.opening.get(owner, 0)

    def flow(self, owner: str, *kinds: str) -> int:
        """What a participant got by moves of these kinds, less what it gave, in wei."""
        return sum(self.flows.get((owner, kind), 0) for kind in kinds)

    def total(self, pocket: Pocket) -> int:
        """What is in one kind of pocket, whoever's, in wei."""
        return sum(amount for account, amount in self.balances.items() if account.pocket is pocket)

    # -- how it comes about ------------------------------------------------------------------------------------

    def _join(self, row: Row) -> None:
        name, stake = row["name"], int(row["stake"])
        self._names[row["address"]] = name
        self.roles[name] = row["role"]
        pocket = Pocket.ESCROW if row["role"] == "client" else Pocket.BONDED
        self.balances[Account(name, pocket)] = self.opening[name] = stake

    def _read(self, row: Row) -> None:
        self.readings += 1
        if row["moment"] == "genesis":
            self._open(row)
        self.complete |= row["moment"] == "end"
        for what, read, expected in self._compare(row):
            if read != expected and len(self.discrepancies) < DISCREPANCIES_KEPT:
                self.discrepancies.append(Discrepancy(row["moment"], row["t"], what, read, expected))

    def _open(self, row: Row) -> None:
        """Open the accounts whose first balance nothing but the chain tells."""
        for name, amount in zip(self.roles, row["wallets"], strict=True):
            self.balances[Account(name, Pocket.WALLET)] = int(amount)
            self.opening[name] += int(amount)
        for name, address, amount in row["contracts"]:
            known = name if name in ("Settlement", "Staking", TREASURY, BURNED) else VERIFIER
            self._names[address] = known
            self.balances[Account(known, Pocket.WALLET)] = int(amount)
        self.balances[Account(VERIFIER, Pocket.WALLET)] = self.held(VERIFIER) - int(row["bonds"])

    def _compare(self, row: Row) -> Iterable[tuple[str, int, int]]:
        """Everything that was read: its name, what was read, and what the ledger says."""
        nodes = [name for name, role in self.roles.items() if role in ("inference", "full")]
        clients = [name for name, role in self.roles.items() if role == "client"]
        of_whom = {
            "wallets": (self.roles, Pocket.WALLET),
            "escrows": (clients, Pocket.ESCROW),
            "bonded": (nodes, Pocket.BONDED),
            "unbonding": (nodes, Pocket.UNBONDING),
        }
        for key, (owners, pocket) in of_whom.items():
            for name, amount in zip(owners, row[key], strict=True):
                yield f"{name}'s {pocket.value}", int(amount), self.held(name, pocket)
        bonds = self.total(Pocket.LOCKED)
        yield "bonds", int(row["bonds"]), bonds
        inside = {
            "Settlement": sum(map(self.total, (Pocket.ESCROW, Pocket.FEES, Pocket.HELD))),
            "Staking": self.total(Pocket.BONDED) + self.total(Pocket.UNBONDING),
            TREASURY: self.held(TREASURY),
            BURNED: self.held(BURNED),
        }
        for name, _, amount in row["contracts"]:
            yield name, int(amount), inside[name] if name in inside else self.held(VERIFIER) + bonds

    def name(self, address: str) -> str:
        """Who has an address."""
        return self._names.get(address, OUTSIDE)

    def move(self, row: Row, kind: str, source: Account, target: Account, amount: int) -> None:
        """Book one move."""
        if not amount:
            return
        self.moves += 1
        known = source.pocket is not Pocket.WALLET or (self.readings > 0 and source.owner != OUTSIDE)
        if self.overdrawn is None and known and self.balances.get(source, 0) < amount:
            self.overdrawn = Move(row["t"], kind, source, target, amount)
        for account, change in ((source, -amount), (target, amount)):
            self.balances[account] = self.balances.get(account, 0) + change
            if account.pocket is not Pocket.FEES:
                key = (account.owner, kind)
                self.flows[key] = self.flows.get(key, 0) + change
            elif not self.balances[account]:
                del self.balances[account]

    # -- contract events ---------------------------------------------------------------------------------------

    def _deposited(self, row: Row) -> None:
        args, name = row["args"], self.name(row["args"]["client"])
        self.move(row, "deposit", wallet(name), Account(name, Pocket.ESCROW), int(args["amount"]))

    def _withdrawn(self, row: Row) -> None:
        """Of Settlement or of Staking."""
        args, of_client = row["args"], row["contract"] == "Settlement"
        name = self.name(args["client" if of_client else "node"])
        source = Account(name, Pocket.ESCROW if of_client else Pocket.UNBONDING)
        self.move(row, "withdraw", source, wallet(name), int(args["amount"]))

    def _posted(self, row: Row) -> None:
        args = row["args"]
        for client, amount in args["charges"]:
            source = Account(self.name(client), Pocket.ESCROW)
            self.move(row, "fee", source, Account(args["batch"], Pocket.FEES), int(amount))

    def _refunded(self, row: Row) -> None:
        args = row["args"]
        target = Account(self.name(args["client"]), Pocket.ESCROW)
        self.move(row, "refund", Account(args["batch"], Pocket.FEES), target, int(args["amount"]))

    def _final(self, row: Row) -> None:
        args = row["args"]
        fees = Account(args["batch"], Pocket.FEES)
        self.move(row, "fee", fees, wallet(self.name(args["node"])), int(args["paid"]))
        self.move(row, "share", fees, wallet(VERIFIER), int(args["toVerifier"]))

    def _staked(self, row: Row) -> None:
        name = self.name(row["args"]["node"])
        self.move(row, "stake", wallet(name), Account(name, Pocket.BONDED), int(row["args"]["amount"]))

    def _unbonding(self, row: Row) -> None:
        name = self.name(row["args"]["node"])
        source, target = Account(name, Pocket.BONDED), Account(name, Pocket.UNBONDING)
        self.move(row, "unbond", source, target, int(row["args"]["amount"]))

    def _slashed(self, row: Row) -> None:
        """What is bonded goes first, then what is unbonding; a bounty is paid out of it, the rest is burned."""
        args, name = row["args"], self.name(row["args"]["node"])
        burned, bounty = int(args["burned"]), int(args.get("bounty", 0))
        finder = self.name(args.get("bountyTo", ""))
        for kind, target, amount in (
            ("bounty", HELD if finder == "Settlement" else wallet(finder), bounty),
            ("slash", wallet(BURNED), burned),
        ):
            from_bond = min(amount, self.held(name, Pocket.BONDED))
            self.move(row, kind, Account(name, Pocket.BONDED), target, from_bond)
            self.move(row, kind, Account(name, Pocket.UNBONDING), target, amount - from_bond)

    def _bounty_paid(self, row: Row) -> None:
        self.move(row, "bounty", HELD, wallet(self.name(row["args"]["to"])), int(row["args"]["amount"]))

    def _sealed_challenge(self, row: Row) -> None:
        args = row["args"]
        self._sealed[args["batch"], args["challenger"]] = True
        self._lock(row)

    def _challenged(self, row: Row) -> None:
        """A challenge that was sealed before has its bond already."""
        if not self._sealed.pop((row["args"]["batch"], row["args"]["challenger"]), False):
            self._lock(row)

    def _lock(self, row: Row) -> None:
        name = self.name(row["args"]["challenger"])
        self.move(row, "bond", wallet(name), Account(name, Pocket.LOCKED), int(row["args"]["bonded"]))
        self.most_locked[name] = max(self.most_locked.get(name, 0), self.held(name, Pocket.LOCKED))

    def _decided(self, row: Row) -> None:
        args, name = row["args"], self.name(row["args"]["challenger"])
        self._sealed.pop((args["batch"], args["challenger"]), None)
        locked = Account(name, Pocket.LOCKED)
        self.move(row, "bond back", locked, wallet(name), int(args["returned"]))
        self.move(row, "forfeit", locked, wallet(VERIFIER), int(args["forfeited"]))
        self.move(row, "prize", wallet(VERIFIER), wallet(name), int(args["reward"]))

    def _forfeited(self, row: Row) -> None:
        args, name = row["args"], self.name(row["args"]["challenger"])
        self._sealed.pop((args["batch"], args["challenger"]), None)
        self.move(row, "forfeit", Account(name, Pocket.LOCKED), wallet(VERIFIER), int(args["amount"]))

    def _rewarded(self, row: Row) -> None:
        self.move(row, "reward", wallet(VERIFIER), wallet(self.name(row["args"]["member"])), int(row["args"]["amount"]))

    def _compensated(self, row: Row) -> None:
        target = wallet(self.name(row["args"]["node"]))
        self.move(row, "compensation", wallet(VERIFIER), target, int(row["args"]["amount"]))

    def _transferred(self, row: Row) -> None:
        """Of the token: what no other event tells of."""
        source, target = self.name(row["args"]["from"]), self.name(row["args"]["to"])
        amount = int(row["args"]["value"])
        if source == VERIFIER and target == BURNED:
            self.move(row, "burn", wallet(source), wallet(target), amount)
        elif not {source, target} & {"Settlement", "Staking", VERIFIER}:
            self.move(row, "transfer", wallet(source), wallet(target), amount)


def wallet(owner: str) -> Account:
    """Somebody's own balance of the token."""
    return Account(owner, Pocket.WALLET)


EVENTS: dict[str, Callable[[Ledger, Any], None]] = {
    "Deposited": Ledger._deposited,
    "Withdrawn": Ledger._withdrawn,
    "BatchPosted": Ledger._posted,
    "Refunded": Ledger._refunded,
    "BatchFinal": Ledger._final,
    "Staked": Ledger._staked,
    "Unbonding": Ledger._unbonding,
    "Slashed": Ledger._slashed,
    "BountyPaid": Ledger._bounty_paid,
    "ChallengeSealed": Ledger._sealed_challenge,
    "Challenged": Ledger._challenged,
    "ChallengeDecided": Ledger._decided,
    "BondForfeited": Ledger._forfeited,
    "Rewarded": Ledger._rewarded,
    "Compensated": Ledger._compensated,
    "Transfer": Ledger._transferred,
}
"""What each contract event that moves OPG books."""
