"""What became of requests from outside: sessions from the demand for payment to the audit, and whose money moved.

A gateway says what it answered, a facilitator what it collected; what was paid is taken from the events of the payment
chain's contracts, whatever the two say. Amounts are in wei.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from chain.formats.channels import BATCH_SETTLEMENT
from chain.quantities import Address
from nodes import payments
from simnet.log.events import PaymentEvent, RequestCarried, ServiceJoined
from simnet.measure.distribution import Distribution
from simnet.measure.rows import Row

SESSIONS_KEPT = 200
"""Sessions that are over and can still be looked at."""

ANSWERS_KEPT = 20
"""Of each session, the latest."""

UNRECORDED_KEPT = 10_000
"""Answers that may still be recorded; a private one never is."""

CONTRACTS = {BATCH_SETTLEMENT: "payment channels"}
"""Names of contracts that hold OPG on the payment chain, by address."""


@dataclass(slots=True)
class Answer:
    """An answer to somebody outside."""

    t: float
    caller: str
    model: str
    tokens: int
    cost: int
    first_s: float
    took_s: float
    heard: bool


@dataclass(slots=True)
class Recorded:
    """A batch, or a transaction of its own, by which answers of a session were recorded on chain."""

    t: float
    root: str
    count: int
    audited: float | None = None
    fault: str = ""
    """What the auditor found wrong; empty if nothing."""


@dataclass(slots=True)
class Collection:
    """What became of a session's payment, or of what was charged on a channel."""

    ended: float | None = None
    """When the facilitator said that it was done with it."""
    said: str = ""
    """How, by its own account: ``succeeded``, or why not."""
    failed: bool = False
    paid: int = 0
    """What the payment chain's contracts say was taken."""
    paid_at: float | None = None


@dataclass(slots=True)
class Session:
    """What a client paid for by one signature, or on one channel."""

    id: str
    gateway: str
    payer: str
    cap: int
    opened: float
    answers: int = 0
    worth: int = 0
    unpaid: int = 0
    """Worth of answers that nobody pays for, by the gateway's account."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Why, and how often."""
    latest: deque[Answer] = field(default_factory=lambda: deque(maxlen=ANSWERS_KEPT))
    closed: float | None = None
    """When it was handed to the facilitator."""
    owed: int = 0
    """What was handed over."""
    job: str = ""
    """The facilitator's."""
    collection: Collection = field(default_factory=Collection)
    records: list[Recorded] = field(default_factory=list)

    @property
    def is_channel(self) -> bool:
        """Whether it is a channel, which is never over."""
        return self.id.startswith("0x")

    @property
    def is_over(self) -> bool:
        """Whether all is paid, or nothing more will be."""
        if self.is_channel:
            return 0 < self.worth - self.unpaid <= self.collection.paid
        return self.collection.ended is not None


@dataclass(slots=True)
class Party:
    """What somebody got and gave on the payment chain, by the token's own account."""

    name: str
    got: int = 0
    gave: int = 0
    in_channels: int = 0
    """Of what it gave, what is in channels and still its own; of the contract with the channels, less what is in it
    and payers'."""
    answers: int = 0
    worth: int = 0
    """Of what it was answered, or did answer, by the gateway's list."""
    acts: dict[str, int] = field(default_factory=dict)
    """What it falsified, and how often: ground truth."""

    @property
    def took_part(self) -> bool:
        """Whether it was answered or did answer, or its balance changed."""
        return bool(self.answers or self.got or self.gave)

    @property
    def net(self) -> int:
        """What it has more than before, what is left in its channels included; of all parties together 0."""
        return self.got - self.gave + self.in_channels


@dataclass(slots=True)
class ExternalRequests:
    """Fold of a log into sessions and parties."""

    exact: bool = False
    first_token: Distribution = field(init=False)
    """Milliseconds from a request's arrival to the first part of a streamed answer that was heard."""
    overhead: Distribution = field(init=False)
    """Milliseconds of an answer that the gateway did not wait for the model."""
    answers: int = 0
    unpaid: int = 0
    worth: int = 0
    heard: int = 0
    tokens: int = 0
    """Of answers that were heard."""
    model_s: float = 0.0
    """Of answers that were heard."""
    demanded: int = 0
    refused: int = 0
    """Payments that were found wanting."""
    refusal: str = ""
    """What was wrong with the last of them."""
    demanded_at: float | None = None
    sessions: dict[str, Session] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)
    """By address: gateways and those who paid them, and whoever else had OPG from or to one of them."""
    followed: str = ""
    """The session that is shown step by step: one after the other, each until it is paid."""
    _spoken: dict[str, float] = field(default_factory=dict)
    """How long the model spoke, by caller, until the server tells of the whole."""
    _services: dict[str, str] = field(default_factory=dict)
    """Addresses by name."""
    _gateways: dict[str, str] = field(default_factory=dict)
    """Addresses by name."""
    _session_of: dict[str, str] = field(default_factory=dict)
    """By the facilitator's job."""
    _collections: dict[str, Collection] = field(default_factory=dict)
    """By job: its end may be told before the gateway says whose it is."""
    _unrecorded: dict[tuple[str, int], str] = field(default_factory=dict)
    """Sessions by output hash and time of their answers."""

    def __post_init__(self) -> None:
        self.first_token, self.overhead = Distribution(self.exact), Distribution(self.exact)

    def on(self, row: Row) -> None:
        """Take in a row of one of `KINDS`."""
        KINDS[row["kind"]](self, row)

    @property
    def collected(self) -> int:
        """What gateways got on the payment chain."""
        found = map(self.parties.get, dict.fromkeys(self._gateways.values()))
        return sum(party.got for party in found if party is not None)

    def party(self, address: str) -> Party:
        """Whoever has an address."""
        found = self.parties.get(address)
        if found is None:
            found = self.parties[address] = Party(CONTRACTS.get(Address(address), ""))
        return found

    @property
    def ranked(self) -> list[tuple[str, Party]]:
        """Everybody with their address, who lost most first."""
        return sorted(self.parties.items(), key=lambda entry: (entry[1].net, entry[0]))

    # -- how it comes about ------------------------------------------------------------------------------------

    def _joined(self, row: Row) -> None:
        if row["what"] == "gateway":
            self._gateways[row["name"]] = row["address"]
        self._services[row["name"]] = row["address"]
        self.party(row["address"]).name = row["name"]

    def cheated(self, row: Row) -> None:
        """A service acted dishonestly."""
        if address := self._services.get(row["node"]):
            acts = self.party(address).acts
            acts[row["act"]] = acts.get(row["act"], 0) + 1

    def _demanded(self, row: Row) -> None:
        self.demanded += 1
        self.demanded_at = row["t"]
        if row["reason"]:
            self.refused += 1
            self.refusal = row["reason"]

    def _opened(self, row: Row) -> None:
        name = row["session"]
        if name in self.sessions:  # a channel goes on
            return
        session = self.sessions[name] = Session(name, row["gateway"], row["payer"], int(row["cap"]), row["t"])
        self.party(row["payer"])
        self._follow(session)
        over = [one.id for one in self.sessions.values() if one.is_over]
        for old in over[: max(0, len(over) - SESSIONS_KEPT)]:
            job = self.sessions.pop(old).job
            self._session_of.pop(job, None)
            self._collections.pop(job, None)

    def _follow(self, session: Session) -> None:
        """Show a session, unless another is shown that is not over."""
        if (shown := self.sessions.get(self.followed)) is None or shown.is_over:
            self.followed = session.id

    def _served(self, row: Row) -> None:
        cost = int(row["cost"])
        self.answers += 1
        self.worth += cost
        if row["heard"]:
            self.heard += 1
            self.tokens += row["tokens_out"]
            self.model_s += row["model_s"]
            self._spoken[row["caller"]] = row["model_s"]
        parties = [self._gateways.get(row["gateway"], "")]
        session = self.sessions.get(row["session"])
        if session is not None:
            session.answers += 1
            session.worth += cost
            answer = (row["t"], row["caller"], row["model"], row["tokens_out"], cost)
            session.latest.append(Answer(*answer, row["first_s"], row["took_s"], row["heard"]))
            parties.append(session.payer)
            self._unrecorded[row["output_hash"], row["timestamp"]] = session.id
            if len(self._unrecorded) > UNRECORDED_KEPT:
                del self._unrecorded[next(iter(self._unrecorded))]
            self._follow(session)
        for address in filter(None, parties):
            party = self.party(address)
            party.answers += 1
            party.worth += cost

    def _carried(self, row: Row) -> None:
        """A server saw an answer's end. Between participants, such as relay and gateway, there is no server."""
        model_s = self._spoken.pop(row["caller"], None)
        if model_s is None or not row["complete"]:
            return
        self.overhead.add((row["took_s"] - model_s) * 1000, row["caller"])
        if row["streamed"]:
            self.first_token.add(row["first_s"] * 1000, row["caller"])

    def _unpaid(self, row: Row) -> None:
        self.unpaid += 1
        if session := self.sessions.get(row["session"]):
            session.unpaid += int(row["cost"])
            session.reasons[row["reason"]] = session.reasons.get(row["reason"], 0) + 1

    def _closed(self, row: Row) -> None:
        self._session_of[row["job"]] = row["session"]
        if session := self.sessions.get(row["session"]):
            session.closed, session.owed, session.job = row["t"], int(row["amount"]), row["job"]
            session.collection = self._collection(row["job"])
            self._give_up(session)

    def _collection(self, job: str) -> Collection:
        """What becomes of a job."""
        return self._collections.setdefault(job, Collection())

    def _settled(self, row: Row) -> None:
        collection = self._collection(row["job"])
        collection.ended, collection.said = row["t"], row["reason"] or row["status"]
        collection.failed = row["status"] != "succeeded"
        if session := self.sessions.get(self._session_of.get(row["job"], "")):
            self._give_up(session)

    def _give_up(self, session: Session) -> None:
        """Nobody pays for a session whose settlement failed."""
        if session.collection.failed:
            self.unpaid += session.answers - sum(session.reasons.values())
            session.unpaid = session.worth

    def _recorded(self, row: Row) -> None:
        if not row["error"]:
            self._record(row["t"], row["root"], row["count"], [(hash_, time) for hash_, time in row["outputs"]])

    def recorded_singly(self, row: Row) -> None:
        """An inference has a transaction of its own on the settlement chain."""
        self._record(row["t"], "", 1, [(row["args"]["outputHash"], int(row["args"]["timestamp"]))])

    def _record(self, t: float, root: str, count: int, outputs: list[tuple[str, int]]) -> None:
        """Some answers are on the settlement chain."""
        found = [self._unrecorded.pop(output, "") for output in outputs]
        for name in dict.fromkeys(found):
            if session := self.sessions.get(name):
                session.records.append(Recorded(t, root, count))

    def _audited(self, row: Row) -> None:
        for session in self.sessions.values():
            for one in session.records:
                if one.root == row["root"] and one.audited is None:
                    one.audited, one.fault = row["t"], row["reason"]

    # -- what the payment chain says ---------------------------------------------------------------------------

    def _event(self, row: Row) -> None:
        handler = EVENTS.get((row["contract"], row["event"]))
        if handler is not None:
            handler(self, row)

    def _transferred(self, row: Row) -> None:
        source, target, amount = row["args"]["from"], row["args"]["to"], int(row["args"]["value"])
        self.party(source).gave += amount
        self.party(target).got += amount

    def _taken(self, row: Row) -> None:
        """A session was collected."""
        collection = self._collection(row["subject"])
        collection.paid_at, collection.paid = row["t"], int(row["args"]["amount"])

    def _funded(self, row: Row) -> None:
        self._keep(row["args"]["payer"], int(row["args"]["amount"]))

    def _keep(self, payer: str, amount: int) -> None:
        """So much more of what is in channels is a payer's."""
        self.party(payer).in_channels += amount
        self.party(BATCH_SETTLEMENT).in_channels -= amount

    def _claimed(self, row: Row) -> None:
        """Of what a channel holds, this much is the receiver's."""
        amount = int(row["args"]["amount"])
        if session := self.sessions.get(row["args"]["channelId"]):
            session.collection.paid_at = row["t"]
            session.collection.paid += amount
            self._keep(session.payer, -amount)

    def _given_back(self, row: Row) -> None:
        self._keep(row["args"]["payer"], -int(row["args"]["amount"]))


KINDS: dict[str, Callable[[ExternalRequests, Row], None]] = {
    ServiceJoined.kind: ExternalRequests._joined,
    payments.PaymentDemanded.kind: ExternalRequests._demanded,
    payments.SessionOpened.kind: ExternalRequests._opened,
    payments.TextServed.kind: ExternalRequests._served,
    RequestCarried.kind: ExternalRequests._carried,
    payments.ServedUnpaid.kind: ExternalRequests._unpaid,
    payments.SessionClosed.kind: ExternalRequests._closed,
    payments.PaymentSettled.kind: ExternalRequests._settled,
    payments.BatchRecorded.kind: ExternalRequests._recorded,
    payments.BatchAudited.kind: ExternalRequests._audited,
    PaymentEvent.kind: ExternalRequests._event,
}
"""Kinds of rows, and what each changes."""

EVENTS: dict[tuple[str, str], Callable[[ExternalRequests, Row], None]] = {
    ("BaseOPG", "Transfer"): ExternalRequests._transferred,
    ("X402UptoPermit2Proxy", "X402PermitTransfer"): ExternalRequests._taken,
    ("X402BatchSettlement", "ChannelFunded"): ExternalRequests._funded,
    ("X402BatchSettlement", "VoucherClaimed"): ExternalRequests._claimed,
    ("X402BatchSettlement", "ChannelRefunded"): ExternalRequests._given_back,
    ("X402BatchSettlement", "ChannelWithdrawn"): ExternalRequests._given_back,
}
"""What each event of the payment chain's contracts changes."""
