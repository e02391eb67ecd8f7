"""Invariants of money: every wei that moved came from somewhere, and what the chain holds is what the log says."""

from __future__ import annotations

from chain.quantities import OPG, TOTAL_SUPPLY
from simnet.measure.ledger import Ledger
from simnet.measure.rows import Row
from simnet.verdict.invariant import Found, Invariant


class SupplyIsConstant(Invariant):
    """There are 10^27 wei of OPG, and at every reading somebody holds each of them."""

    name = "supply_is_constant"
    kinds = ("balances_read",)
    readings = 0

    def on(self, row: Row) -> None:
        self.readings += 1
        total = int(row["total"])
        held = sum(map(int, row["wallets"])) + sum(int(amount) for _, _, amount in row["contracts"])
        if not total == held == TOTAL_SUPPLY:
            self.offend(f"at {row['t']:g} s: total {total}, accounted for {held}, expected {TOTAL_SUPPLY}")

    def holds(self) -> str:
        return f"{TOTAL_SUPPLY // OPG:,} OPG, read {self.readings} times"

    def finding(self) -> Found:
        return super().finding() if self.ledger.complete else (False, "balances were not read at the end")


class LedgerAgreesWithChain(Invariant):
    """What every participant and contract holds on chain is what the contracts' events amount to, to the wei."""

    name = "ledger_agrees_with_chain"

    def finding(self) -> Found:
        for found in self.ledger.discrepancies:
            short = (found.expected - found.read) / OPG
            sentence = (
                f"at {found.t:g} s, {found.what}: {found.read} wei on chain, {found.expected} by the log's events"
            )
            return False, f"{sentence} ({short:+g} OPG are missing)"
        people = len(self.ledger.roles)
        return True, f"{people} participants and every contract, at {self.ledger.readings} readings"


class NothingIsPaidFromNothing(Invariant):
    """No account pays more than it holds: no reward without fees behind it, no refund of what was not charged."""

    name = "nothing_is_paid_from_nothing"

    def finding(self) -> Found:
        move = self.ledger.overdrawn
        if move is None:
            return True, f"{self.ledger.moves:,} moves of OPG"
        whose = f"{move.source.owner}'s {move.source.pocket.value}"
        return False, f"at {move.t:g} s, {move.kind} of {move.amount} wei to {move.target.owner} out of {whose}"


class FeesAreAccountedFor(Invariant):
    """What a batch charged is what it pays its node, its verification and, back, its clients; and no client is
    charged more by a node than it agreed to."""

    name = "fees_are_accounted_for"
    kinds = ("participant_joined", "task_sent")
    events = ("BatchPosted", "Refunded", "BatchFinal")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._left: dict[str, int] = {}
        """Of each open batch: charged, and not refunded by name."""
        self._refunded: dict[str, int] = {}
        self._agreed: dict[tuple[str, str], int] = {}
        """By client and node: fees of what was asked for, less what was charged."""
        self._charged = 0

    def on(self, row: Row) -> None:
        if row["kind"] == "task_sent":
            self._agree(row["client"], row["node"], int(row["fee"]))
        elif row["kind"] == "contract_event":
            args = row["args"]
            {"BatchPosted": self._post, "Refunded": self._refund, "BatchFinal": self._close}[row["event"]](args)

    def _agree(self, client: str, node: str, amount: int) -> None:
        self._agreed[client, node] = self._agreed.get((client, node), 0) + amount

    def _post(self, args: Row) -> None:
        batch, node = args["batch"], self.ledger.name(args["node"])
        charged = sum(int(amount) for _, amount in args["charges"])
        self._charged += charged
        if charged != int(args["fees"]):
            self.offend(f"batch {batch[:10]} has {args['fees']} wei of fees, and charges {charged}")
        for address, amount in args["charges"]:
            client = self.ledger.name(address)
            self._agree(client, node, -int(amount))
            if self._agreed[client, node] < 0:
                self.offend(f"{node} charges {client} {-self._agreed[client, node]} wei more than it asked for")
        self._left[batch], self._refunded[batch] = charged, 0

    def _refund(self, args: Row) -> None:
        if args["batch"] in self._refunded:
            self._refunded[args["batch"]] += int(args["amount"])

    def _close(self, args: Row) -> None:
        batch = args["batch"]
        charged, refunded = self._left.pop(batch, 0), self._refunded.pop(batch, 0)
        spent = int(args["paid"]) + int(args["refunded"]) + int(args["toVerifier"])
        if spent != charged:
            self.offend(f"batch {batch[:10]} charged {charged} wei, and pays, shares and gives back {spent}")
        if refunded != int(args["refunded"]):
            self.offend(f"batch {batch[:10]} says that it refunds {args['refunded']} wei, and refunds {refunded}")

    def holds(self) -> str:
        return f"{self._charged / OPG:g} OPG charged, {sum(self._left.values()) / OPG:g} of them in open batches"
