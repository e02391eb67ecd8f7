"""AttentionChallenge: who is called, who may be accused of what, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.deploy import VerifierSpec
from chain.formats.claims import Claim, word
from chain.hashing import keccak
from chain.quantities import BURN_ADDRESS, OPG
from chain.seam import Receipt, Revert
from tests.contracts_world import PARAMETERS, STAKE, Batch, bits, event, events, hash_of, reason
from tests.disputes import Courtroom, Dispute, everybody
from tests.panels import NO, chain_of, next_round

UNIT = 10**9
PENALTY = 50 * OPG
DISPUTE = Dispute(challenge_window_s=60, evidence_window_s=20)
RESPONSE_S = 20
SHARE_BPS = 4_000


class School(Courtroom):
    """A court whose full nodes have committed to secrets for all rounds from the next but one on."""

    def __init__(self, probability: int = UNIT // 2, penalty: int = PENALTY) -> None:
        panel = tuple(vars(DISPUTE.arbiters).values())
        duty = (probability, RESPONSE_S, penalty, SHARE_BPS)
        super().__init__(DISPUTE, VerifierSpec("AttentionChallenge", (panel, DISPUTE.rule, duty)))
        self.tip = self.round + 1
        self.secrets = {who: chain_of(who, 60) for who in ("fa", "fb")}
        for who, secrets in self.secrets.items():
            self.ok(who, "AttentionChallenge.commitSecrets", self.tip, secrets[0])
        next_round(self, 2).tick()

    @property
    def round(self) -> int:
        number: int = self.read("Beacon.roundAt", self.now)
        return number

    def result(self, index: int, tag: str = "") -> bytes:
        return hash_of("result", tag, index)

    def claims_with_results(self, count: int, tag: str = "") -> list[Claim]:
        claims = self.claims(["cleo"] * count, tag=tag)
        return [replace(claim, evidence_hash=keccak(self.result(claim.index, tag))) for claim in claims]

    def batch_of(self, count: int = 4, tag: str = "") -> Batch:
        return self.post("node", self.claims_with_results(count, tag))

    def posted_at(self, batch: Batch) -> int:
        posted: int = self.read("Settlement.batchOf", batch.id)[1]
        return posted

    def secret(self, who: str, batch: Batch) -> bytes:
        """Of the round in which a batch was posted."""
        number: int = self.read("Beacon.roundAt", self.posted_at(batch))
        return self.secrets[who][number - self.tip]

    def calls(self, who: str, batch: Batch, tag: str = "") -> list[bool]:
        """Which claims call on somebody, worked out apart from the contract."""
        secret, threshold = self.secret(who, batch), self.read("AttentionChallenge.probability")
        hashes = [keccak(secret + batch.id + word(i) + self.result(i, tag)) for i in range(len(batch.claims))]
        return [int.from_bytes(found) % UNIT < threshold for found in hashes]

    def show(self, who: str, batch: Batch) -> Receipt:
        number = self.read("Beacon.roundAt", self.posted_at(batch))
        return self.ok(who, "AttentionChallenge.showSecret", number, self.secret(who, batch))

    def hear(self, batch: Batch) -> School:
        """Let the next block be the first in which accusations are heard."""
        self.at(self.posted_at(batch) + DISPUTE.challenge_window_s + 1)
        return self

    def accusing(self, who: str, batch: Batch, index: int, tag: str = "") -> tuple[object, ...]:
        return batch.id, self.address(who), self.result(index, tag), batch.opening(index)

    def stake_left(self, who: str) -> int:
        left: int = self.read("Staking.stakeOf", self.address(who))
        return left


HIDDEN = {"a claim beyond the count": 9, "one beyond every bit set": 128 + 9, "a number twice": 0}


@pytest.mark.parametrize("index", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_hidden_leaf_accuses_nobody(index: int) -> None:
    """It did for ever, where its number was beyond the bits in which accusations are kept."""
    school = School(probability=UNIT)  # every claim calls
    shown = school.claims_with_results(2)
    hidden = replace(shown[1], index=index, task=bytes(32))
    batch = school.post("node", [shown[0], hidden, shown[1]], count=3)
    school.ok("fa", "AttentionChallenge.respond", batch.id, school.posted_at(batch), 1)
    school.show("fa", batch)
    school.hear(batch)
    accusing = (batch.id, school.address("fa"), school.result(1), batch.opening(1))
    calls = [school.call("ann", "AttentionChallenge.accuse", *accusing)] * 3
    assert [reason(receipt) for receipt in school.mine(calls).receipts] == ["InvalidProof"] * 3
    assert school.stake_left("fa") == STAKE


@pytest.fixture
def school() -> School:
    return School()


def mixed(school: School) -> tuple[Batch, int, int]:
    """A batch, a claim in it that calls on fa, and one that doesn't."""
    batch = school.batch_of(12)
    calls = school.calls("fa", batch)
    return batch, calls.index(True), calls.index(False)


# ---- calls ----


@settings(max_examples=20, deadline=None)
@given(probability=st.integers(0, UNIT), secret=st.binary(min_size=32, max_size=32), index=st.integers(0, 127))
def test_a_claim_calls_if_the_hash_of_secret_batch_index_and_result_says_so(
    probability: int, secret: bytes, index: int
) -> None:
    school = School(probability)
    batch, result = hash_of("batch"), hash_of("result")
    expected = int.from_bytes(keccak(secret + batch + word(index) + result)) % UNIT < probability
    assert school.read("AttentionChallenge.isCalled", secret, batch, index, result) is expected


def test_one_claim_calls_on_some_and_not_on_others() -> None:
    school = School(UNIT // 2)
    batch = school.batch_of(32)
    ones, others = school.calls("fa", batch), school.calls("fb", batch)
    assert ones != others
    assert 5 < sum(ones) < 27


# ---- responding ----


def test_a_node_responds_within_the_window_and_not_after_it(school: School) -> None:
    batch = school.batch_of()
    until = school.posted_at(batch) + RESPONSE_S
    school.at(until).ok("fa", "AttentionChallenge.respond", batch.id, school.posted_at(batch), bits(0, 2))
    late = school.fails("fa", "AttentionChallenge.respond", batch.id, school.posted_at(batch), bits(1))
    assert late == Revert("TooLate", {"until": until})
    assert school.read("AttentionChallenge.attendanceOf", batch.id, school.address("fa")) == (bits(0, 2), 0)


@pytest.mark.parametrize("claims", [0, bits(4), bits(0, 127)])
def test_a_response_names_claims_of_the_batch(school: School, claims: int) -> None:
    batch = school.batch_of(4)
    assert (
        school.fails("fa", "AttentionChallenge.respond", batch.id, school.posted_at(batch), claims).error
        == "InvalidResponse"
    )


def test_responses_add_up(school: School) -> None:
    batch = school.batch_of()
    for index in (0, 3):
        school.ok("fa", "AttentionChallenge.respond", batch.id, school.posted_at(batch), bits(index))
    assert school.read("AttentionChallenge.attendanceOf", batch.id, school.address("fa"))[0] == bits(0, 3)


def test_a_response_to_a_batch_that_was_posted_at_another_time_is_none(school: School) -> None:
    batch = school.batch_of()
    posted = school.posted_at(batch)
    anew = school.fails("fa", "AttentionChallenge.respond", batch.id, posted - 1, bits(0))
    assert (anew.error, anew.args["postedAt"]) == ("PostedAnew", posted)


def test_a_secret_is_not_shown_before_its_round(school: School) -> None:
    """Else the secrets of the rounds before it would be so many hashes away that nobody could be held to them."""
    batch = school.batch_of()
    number = school.read("Beacon.roundAt", school.posted_at(batch))
    ahead = number + 2 - school.tip
    shown = school.fails("fa", "AttentionChallenge.showSecret", number + 2, school.secrets["fa"][ahead])
    assert (shown.error, shown.args["round"]) == ("RoundToCome", number + 2)
    school.at(school.read("Beacon.genesis") + (number + 2) * PARAMETERS.beacon_round_s)
    school.ok("fa", "AttentionChallenge.showSecret", number + 2, school.secrets["fa"][ahead])


# ---- accusing ----


def test_who_missed_a_call_pays_and_the_accuser_has_a_share(school: School) -> None:
    batch, called, _ = mixed(school)
    school.show("fa", batch)
    burned, before = school.balance(BURN_ADDRESS), school.balance("fc")
    receipt = school.hear(batch).ok("fc", "AttentionChallenge.accuse", *school.accusing("fa", batch, called))
    assert event(receipt, "Inattentive")["claims"] == bits(called)
    assert event(receipt, "Slashed")["reason"].rstrip(b"\0") == b"inattention"
    assert school.stake_left("fa") == STAKE - PENALTY
    share = PENALTY * SHARE_BPS // 10_000
    assert school.balance("fc") - before == share
    assert school.balance(BURN_ADDRESS) - burned == PENALTY - share


def test_who_responded_without_a_call_pays_as_well(school: School) -> None:
    batch, _, uncalled = mixed(school)
    school.ok("fa", "AttentionChallenge.respond", batch.id, school.posted_at(batch), bits(uncalled))
    school.show("fa", batch)
    school.hear(batch).ok("fc", "AttentionChallenge.accuse", *school.accusing("fa", batch, uncalled))
    assert school.stake_left("fa") == STAKE - PENALTY


def test_who_did_its_duty_cannot_be_accused(school: School) -> None:
    batch, called, uncalled = mixed(school)
    calls = school.calls("fa", batch)
    school.ok(
        "fa",
        "AttentionChallenge.respond",
        batch.id,
        school.posted_at(batch),
        bits(*(i for i, call in enumerate(calls) if call)),
    )
    school.show("fa", batch)
    school.hear(batch)
    for index in (called, uncalled):
        assert (
            school.fails("fc", "AttentionChallenge.accuse", *school.accusing("fa", batch, index)).error == "Attentive"
        )
    assert school.fails("fc", "AttentionChallenge.accuseOfSilence", batch.id, school.address("fa")).error == "NotCalled"


def test_nobody_pays_twice_for_the_same_claim(school: School) -> None:
    batch = school.batch_of(12)
    missed = [i for i, call in enumerate(school.calls("fa", batch)) if call][:2]
    school.show("fa", batch)
    school.hear(batch)
    for index in missed:
        school.ok("fc", "AttentionChallenge.accuse", *school.accusing("fa", batch, index))
    again = school.fails("fb", "AttentionChallenge.accuse", *school.accusing("fa", batch, missed[0]))
    assert again.error == "AlreadyAccused"
    assert school.stake_left("fa") == STAKE - 2 * PENALTY


def test_claims_in_dispute_call_on_nobody(school: School) -> None:
    batch, called, _ = mixed(school)
    school.challenge(batch, "ann", called)
    school.show("fa", batch)
    disputed = school.hear(batch).fails("fc", "AttentionChallenge.accuse", *school.accusing("fa", batch, called))
    assert disputed.error == "NotCalled"
    said = " ".join(NO if i == called else "-" for i in range(12))
    assert event(school.arbitrate(batch, everybody(said)), "BatchFinal")["rejected"] == 1


def test_accusations_are_heard_between_the_challenges_and_finality(school: School) -> None:
    batch, called, _ = mixed(school)
    school.show("fa", batch)
    closes = school.posted_at(batch) + DISPUTE.challenge_window_s
    accusing = school.accusing("fa", batch, called)
    early = school.at(closes).fails("fc", "AttentionChallenge.accuse", *accusing)
    assert early == Revert("TooEarly", {"until": closes})
    assert school.at(closes + 20).fails("anyone", "AttentionChallenge.finalise", batch.id, [], []).error == "TooEarly"
    late = school.fails("fc", "AttentionChallenge.accuse", *accusing)
    assert late == Revert("TooLate", {"until": closes + 20})
    school.finalise(batch)
    assert school.fails("fc", "AttentionChallenge.accuse", *accusing).error == "BatchNotOpen"


def test_an_accusation_needs_the_claims_own_result_and_the_claim_itself(school: School) -> None:
    batch, called, _ = mixed(school)
    other = school.batch_of(12, tag="other")
    school.show("fa", batch)
    school.hear(batch)
    _, node, _, opening = school.accusing("fa", batch, called)
    made_up = school.fails("fc", "AttentionChallenge.accuse", batch.id, node, hash_of("made up"), opening)
    assert made_up.error == "WrongResult"
    foreign = school.accusing("fa", other, called, tag="other")
    assert school.fails("fc", "AttentionChallenge.accuse", batch.id, *foreign[1:]).error == "InvalidProof"


# ---- secrets ----


def test_who_keeps_its_secret_pays_for_as_many_calls_as_a_batch_makes_on_average(school: School) -> None:
    """Half of twelve: were it one penalty, whoever checks nothing would keep its secret rather than respond."""
    batch, called, _ = mixed(school)
    school.hear(batch)
    kept = school.fails("fc", "AttentionChallenge.accuse", *school.accusing("fa", batch, called))
    assert kept.error == "SecretNotShown"
    receipt = school.ok("fc", "AttentionChallenge.accuseOfSilence", batch.id, school.address("fa"))
    assert event(receipt, "Inattentive")["claims"] == 2**12 - 1
    slash = event(receipt, "Slashed")
    assert slash["amount"] == 6 * PENALTY
    assert slash["bounty"] == 6 * PENALTY * SHARE_BPS // 10_000
    assert school.stake_left("fa") == STAKE - 6 * PENALTY
    school.show("fa", batch)
    for index in range(12):
        args = school.accusing("fa", batch, index)
        assert school.fails("fc", "AttentionChallenge.accuse", *args).error in ("AlreadyAccused", "Attentive")


@pytest.mark.parametrize(("claims", "calls"), [(1, 1), (10, 1), (11, 2), (20, 2)])
def test_silence_is_never_cheaper_than_one_call_nor_than_the_average(claims: int, calls: int) -> None:
    school = School(UNIT // 10)
    batch = school.batch_of(claims)
    receipt = school.hear(batch).ok("fc", "AttentionChallenge.accuseOfSilence", batch.id, school.address("fa"))
    assert event(receipt, "Slashed")["amount"] == calls * PENALTY


def test_a_later_secret_shows_all_earlier_ones(school: School) -> None:
    first = school.batch_of(12, tag="first")
    next_round(school, 2).tick()
    second = school.batch_of(12, tag="second")
    school.show("fa", second)
    called = school.calls("fa", first, "first").index(True)
    school.hear(first).ok("fc", "AttentionChallenge.accuse", *school.accusing("fa", first, called, "first"))


def test_who_never_committed_has_no_duties(school: School) -> None:
    batch, called, _ = mixed(school)
    school.hear(batch)
    accusing = school.accusing("fc", batch, called)
    assert school.fails("fa", "AttentionChallenge.accuse", *accusing).error == "SecretNotShown"
    silent = school.fails("fa", "AttentionChallenge.accuseOfSilence", batch.id, school.address("fc"))
    assert silent.error == "NotCalled"


def test_duties_begin_with_the_round_after_the_tip(school: School) -> None:
    school.ok("fc", "AttentionChallenge.commitSecrets", school.round + 1, chain_of("fc", 9)[0])
    next_round(school).tick()
    batch = school.batch_of()
    silent = school.hear(batch).fails("fa", "AttentionChallenge.accuseOfSilence", batch.id, school.address("fc"))
    assert silent.error == "NotCalled"
    next_round(school).tick()
    later = school.batch_of(tag="later")
    school.hear(later).ok("fa", "AttentionChallenge.accuseOfSilence", later.id, school.address("fc"))


def test_a_wrong_secret_is_not_shown(school: School) -> None:
    school.at(school.read("Beacon.genesis") + (school.tip + 3) * PARAMETERS.beacon_round_s)
    for secret in (hash_of("made up"), school.secrets["fb"][3]):
        shown = school.fails("fa", "AttentionChallenge.showSecret", school.tip + 3, secret)
        assert shown == Revert("WrongSecret", {"round": school.tip + 3})
    assert school.fails("stranger", "AttentionChallenge.showSecret", 5, hash_of("x")).error == "WrongSecret"
    school.ok("fa", "AttentionChallenge.showSecret", school.tip + 3, school.secrets["fa"][3])
    assert school.read("AttentionChallenge.secretsOf", school.address("fa"))[1] == school.tip + 3


def test_nobody_loses_more_than_it_has() -> None:
    school = School(UNIT, penalty=STAKE * 2)
    batch = school.batch_of(2)
    school.show("fa", batch)
    school.hear(batch).ok("fc", "AttentionChallenge.accuse", *school.accusing("fa", batch, 0))
    assert school.stake_left("fa") == 0
    receipt = school.ok("fc", "AttentionChallenge.accuse", *school.accusing("fa", batch, 1))
    assert events(receipt, "Slashed") == []


@pytest.mark.parametrize(
    "duty", [(UNIT + 1, 20, PENALTY, SHARE_BPS), (UNIT, 60, PENALTY, SHARE_BPS), (UNIT, 20, PENALTY, 10_001)]
)
def test_parameters_that_make_no_sense_are_refused(duty: tuple[int, ...]) -> None:
    panel = tuple(vars(DISPUTE.arbiters).values())
    with pytest.raises(Exception, match="InvalidParameters"):
        Courtroom(DISPUTE, VerifierSpec("AttentionChallenge", (panel, DISPUTE.rule, duty)))
