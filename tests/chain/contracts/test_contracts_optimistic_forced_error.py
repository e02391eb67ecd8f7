"""ForcedError: what passes for a forced error and what does not, and how the jackpot is shared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.deploy import VerifierSpec
from chain.formats.claims import Claim
from chain.hashing import keccak
from chain.quantities import BURN_ADDRESS, OPG
from chain.seam import Receipt, Revert
from simnet.theory import jackpot_share, jackpot_total
from tests.contracts_world import FEE, PARAMETERS, STAKE, Batch, event, events, hash_of
from tests.disputes import CROWD, Courtroom, Dispute, everybody, gains
from tests.panels import NO, ROUND, YES, chain_of, next_round

UNIT = 10**9
JACKPOT = 1_000 * OPG
DISPUTE = Dispute(challenge_window_s=100, evidence_window_s=10)
FINDERS = ("ann", "bob", "cat", "dan", "eve")
TAX = FEE * PARAMETERS.verifier_share_bps // 10_000


class ForcedCourt(Courtroom):
    """A court whose inference node has committed to secrets, and whose beacon has a seed for every round."""

    def __init__(self, probability: int = UNIT, jackpot: int = JACKPOT, pool: int = 10 * JACKPOT) -> None:
        panel = tuple(vars(DISPUTE.arbiters).values())
        spec = VerifierSpec("ForcedError", (panel, DISPUTE.rule, (probability, jackpot)))
        super().__init__(DISPUTE, spec)
        for who in FINDERS[len(CROWD) :]:
            self.enrich(who)
        if pool:
            self.ok("deployer", "OPG.transfer", self.chain.address_of("ForcedError"), pool)
        self.seeds, self.secrets = chain_of("beacon", 300), chain_of("node", 300)
        self.ok("fa", "Beacon.join", self.seeds.pop(0))
        self.tip = self.round + 1
        self.ok("node", "ForcedError.commitSecrets", self.tip, self.secrets[0])

    @property
    def round(self) -> int:
        number: int = self.read("Beacon.roundAt", self.now)
        return number

    def secret(self, number: int) -> bytes:
        return self.secrets[number - self.tip]

    def pass_rounds(self, count: int = 3) -> None:
        """Let rounds pass, each with a reveal."""
        for _ in range(count):
            next_round(self).ok("fa", "Beacon.reveal", self.seeds.pop(0))

    def forced(self, number: int, batch: str = "") -> Claim:
        """A claim that the secret of a round asks for."""
        (claim,) = self.claims(["cleo"], tag=f"forced {number}{batch}")
        task = self.read("ForcedError.taskOf", self.secret(number))
        return replace(claim, task=task, answered_at=self.read("Beacon.genesis") + number * ROUND)

    def with_error(self, number: int, tag: str = "") -> Batch:
        """A batch of a real claim and a forced error."""
        real = self.claims(["cleo"], tag=f"real {tag}")
        error = replace(self.forced(number, tag), index=1)
        return self.post("node", [*real, error], [self.voucher("cleo", "node", FEE)])

    def hear(self, batch: Batch) -> ForcedCourt:
        """Let the next block be the first in which nodes own up."""
        self.at(self.read("Settlement.batchOf", batch.id)[1] + DISPUTE.challenge_window_s + 1)
        return self

    def show(self, batch: Batch, number: int, index: int = 1) -> Receipt:
        return self.ok("node", "ForcedError.showForced", batch.id, self.secret(number), batch.opening(index))


@pytest.fixture
def court() -> ForcedCourt:
    court = ForcedCourt()
    court.pass_rounds()
    return court


# ---- the jackpot ----


@pytest.mark.parametrize("finders", range(1, 6))
def test_k_finders_get_the_jackpot_over_two_to_the_k_minus_one_each(finders: int) -> None:
    court = ForcedCourt()
    court.pass_rounds()
    number = court.round
    batch = court.with_error(number)
    before = court.wallets("node", *FINDERS)
    for who in FINDERS[:finders]:
        court.challenge(batch, who, 1)
    shown = event(court.hear(batch).show(batch, number), "ForcedErrorShown")
    each = int(jackpot_share(JACKPOT, finders))
    assert (shown["challengers"], shown["prize"]) == (finders, each)
    after = gains(before, court.wallets("node", *FINDERS))
    assert after.pop("court") == -int(jackpot_total(JACKPOT, finders))
    assert after == dict.fromkeys(FINDERS[:finders], each)
    assert each * 2 ** (finders - 1) == JACKPOT


def test_nobody_is_slashed_and_the_rest_of_the_batch_becomes_final(court: ForcedCourt) -> None:
    number = court.round
    batch = court.with_error(number)
    court.challenge(batch, "ann", 1)
    receipt = court.hear(batch).show(batch, number)
    assert events(receipt, "Slashed") == []
    assert event(receipt, "ChallengeDecided")["forfeited"] == 0
    assert court.read("ForcedError.disputedIn", batch.id) == 0
    assert court.read("ForcedError.challengesOf", batch.id) == ()
    court.window_over(batch)
    final = event(court.finalise(batch), "BatchFinal")
    assert (final["accepted"], final["rejected"]) == (2, 0)
    assert court.read("Staking.stakeOf", court.address("node")) == STAKE


def test_other_claims_of_the_batch_stay_in_dispute(court: ForcedCourt) -> None:
    number = court.round
    batch = court.with_error(number)
    before = court.wallets("ann", "bob")
    court.challenge(batch, "ann", 0, 1)
    court.challenge(batch, "bob", 1)
    court.hear(batch).show(batch, number)
    assert court.read("ForcedError.disputedIn", batch.id) == 0b01
    receipt = court.arbitrate(batch, everybody(f"{YES} -"))
    assert event(receipt, "ChallengeDecided")["challenger"] == court.address("ann")
    after = gains(before, court.wallets("ann", "bob"))
    assert (after["ann"], after["bob"]) == (JACKPOT // 2 - DISPUTE.bond, JACKPOT // 2)
    assert court.read("ForcedError.bonded") == 0


def test_undisputed_batches_feed_the_pool_and_disputed_ones_pay_their_arbiters() -> None:
    court = ForcedCourt(pool=0)
    court.pass_rounds()
    calm, troubled = court.batch(2, tag="calm"), court.batch(1, tag="troubled")
    court.challenge(troubled, "ann", 0)
    assert court.read("ForcedError.pool") == 0
    court.window_over(calm)
    court.finalise(calm)
    assert court.read("ForcedError.pool") == 2 * TAX
    court.arbitrate(troubled, everybody(NO))
    assert court.read("ForcedError.pool") == 2 * TAX
    assert court.balance(BURN_ADDRESS) > 0


def test_a_pool_that_holds_less_than_the_jackpot_pays_what_it_holds() -> None:
    court = ForcedCourt(pool=100)
    court.pass_rounds()
    number = court.round
    batch = court.with_error(number)
    court.challenge(batch, "ann", 1)
    court.challenge(batch, "bob", 1)
    assert court.read("ForcedError.pool") == 100  # bonds are no part of it
    assert event(court.hear(batch).show(batch, number), "ForcedErrorShown")["prize"] == 50
    assert court.read("ForcedError.pool") == 0


@settings(max_examples=15, deadline=None)
@given(
    pool=st.integers(0, 2 * JACKPOT),
    jackpot=st.integers(0, 2 * JACKPOT),
    finders=st.lists(st.sampled_from(FINDERS), min_size=1, unique=True),
)
def test_a_jackpot_never_pays_more_than_there_is_and_leaves_every_bond_alone(
    pool: int, jackpot: int, finders: list[str]
) -> None:
    court = ForcedCourt(jackpot=jackpot, pool=pool)
    court.pass_rounds()
    number = court.round
    batch, other = court.with_error(number), court.batch(tag="other")
    court.challenge(other, "ann", 0)
    for who in finders:
        court.challenge(batch, who, 1)
    paid = event(court.hear(batch).show(batch, number), "ForcedErrorShown")["prize"] * len(finders)
    assert paid <= min(jackpot, pool)
    assert court.read("ForcedError.pool") == pool - paid
    assert court.read("ForcedError.bonded") == DISPUTE.bond  # that of the other batch
    assert court.balance("ForcedError") == pool - paid + DISPUTE.bond


# ---- what passes for a forced error ----


def refused(court: ForcedCourt, batch: Batch, secret: bytes, index: int = 1) -> str:
    court.challenge(batch, "ann", index)
    return court.hear(batch).fails("node", "ForcedError.showForced", batch.id, secret, batch.opening(index)).error


def test_a_fraud_on_a_client_does_not_for_the_client_chose_the_task(court: ForcedCourt) -> None:
    number = court.round
    assert refused(court, court.with_error(number), court.secret(number), index=0) == "NotForced"


def test_a_lot_that_did_not_win_does_not() -> None:
    court = ForcedCourt(probability=0)
    court.pass_rounds()
    number = court.round
    assert not court.read("ForcedError.isForced", number, court.secret(number))
    assert refused(court, court.with_error(number), court.secret(number)) == "NotForced"


def test_a_secret_of_another_round_does_not(court: ForcedCourt) -> None:
    number = court.round
    assert refused(court, court.with_error(number), court.secret(number - 1)) == "WrongSecret"


def test_a_secret_that_nobody_committed_to_does_not(court: ForcedCourt) -> None:
    assert refused(court, court.with_error(court.round), hash_of("made up")) == "WrongSecret"


def test_a_round_before_the_commitment_has_no_secret(court: ForcedCourt) -> None:
    error = replace(court.forced(court.tip), index=0)
    batch = court.post("node", [error])
    assert refused(court, batch, court.secret(court.tip), index=0) == "SecretNotShown"


def test_a_round_after_the_post_does_not_for_the_node_might_have_waited_for_its_seed(court: ForcedCourt) -> None:
    number = court.round + 2
    batch = court.with_error(number)
    court.pass_rounds(4)
    assert court.read("ForcedError.isForced", number, court.secret(number))
    assert refused(court, batch, court.secret(number)) == "NotForced"


def test_a_lot_serves_once(court: ForcedCourt) -> None:
    number = court.round
    first, second = court.with_error(number, "first"), court.with_error(number, "second")
    for batch in (first, second):
        court.challenge(batch, "ann", 1)
    court.hear(second).show(first, number)
    again = court.fails("node", "ForcedError.showForced", second.id, court.secret(number), second.opening(1))
    assert again == Revert("NotForced", {"batch": second.id, "index": 1})


def test_a_claim_of_another_batch_does_not(court: ForcedCourt) -> None:
    number = court.round
    batch, other = court.batch(2, tag="batch"), court.with_error(number)
    court.challenge(batch, "ann", 1)
    court.hear(batch)
    error = court.fails("node", "ForcedError.showForced", batch.id, court.secret(number), other.opening(1)).error
    assert error == "InvalidProof"


def test_what_nobody_disputes_needs_no_excuse(court: ForcedCourt) -> None:
    number = court.round
    batch = court.with_error(number)
    court.hear(batch)
    args = (batch.id, court.secret(number), batch.opening(1))
    assert court.fails("node", "ForcedError.showForced", *args).error == "ClaimNotDisputed"


def test_a_forced_error_is_shown_in_the_hearing_and_at_no_other_time(court: ForcedCourt) -> None:
    number = court.round
    batch = court.with_error(number)
    court.challenge(batch, "ann", 1)
    args = (batch.id, court.secret(number), batch.opening(1))
    closes = court.read("Settlement.batchOf", batch.id)[1] + DISPUTE.challenge_window_s
    early = court.at(closes).fails("node", "ForcedError.showForced", *args)
    assert early == Revert("TooEarly", {"until": closes})
    assert (
        court.at(closes + DISPUTE.evidence_window_s).fails("anyone", "ForcedError.arbitrate", batch.id).error
        == "TooEarly"
    )
    late = court.fails("node", "ForcedError.showForced", *args)
    assert late == Revert("TooLate", {"until": closes + DISPUTE.evidence_window_s})
    assert court.ok("anyone", "ForcedError.arbitrate", batch.id).ok


def test_who_does_not_own_up_in_time_is_judged_like_any_liar(court: ForcedCourt) -> None:
    batch = court.with_error(court.round)
    court.challenge(batch, "ann", 1)
    receipt = court.arbitrate(batch, everybody(f"- {NO}"))
    assert court.address("node") in {row["node"] for row in events(receipt, "Slashed")}
    assert court.read("Staking.stakeOf", court.address("node")) < STAKE


def test_secrets_are_committed_to_once_and_for_rounds_that_have_not_begun(court: ForcedCourt) -> None:
    assert court.fails("node", "ForcedError.commitSecrets", court.round + 5, hash_of("new")).error == "AlreadyCommitted"
    now = court.round
    assert court.fails("ina", "ForcedError.commitSecrets", now, hash_of("tip")).error == "RoundHasBegun"
    assert court.fails("ina", "ForcedError.commitSecrets", now + 1, bytes(32)).error == "EmptyCommitment"
    court.ok("ina", "ForcedError.commitSecrets", now + 1, hash_of("tip"))
    assert court.read("ForcedError.secretsOf", court.address("ina")) == (hash_of("tip"), now + 1, now + 1)


def test_an_older_forced_error_can_be_shown_after_a_younger_one(court: ForcedCourt) -> None:
    old = court.round
    court.pass_rounds(2)
    young = court.round
    first, second = court.with_error(old, "first"), court.with_error(young, "second")
    for batch in (first, second):
        court.challenge(batch, "ann", 1)
    court.hear(second).show(second, young)
    assert event(court.show(first, old), "ForcedErrorShown")["round"] == old
    assert court.read("ForcedError.secretsOf", court.address("node"))[1] == young


# ---- the lot ----


@settings(max_examples=20, deadline=None)
@given(probability=st.integers(0, UNIT))
def test_a_lot_wins_if_the_hash_of_seed_and_secret_says_so(probability: int) -> None:
    court = ForcedCourt(probability)
    court.pass_rounds(2)
    number = court.round
    seed = court.read("Beacon.seedOf", number - 1)
    expected = int.from_bytes(keccak(seed + court.secret(number))) % UNIT < probability
    assert court.read("ForcedError.isForced", number, court.secret(number)) is expected


def test_the_task_of_a_forced_error_is_no_link_of_the_chain(court: ForcedCourt) -> None:
    task = court.read("ForcedError.taskOf", court.secret(court.round))
    assert task == keccak(b"forced error".ljust(32, b"\0") + court.secret(court.round))
    assert task not in court.secrets


@pytest.mark.parametrize("probability", [UNIT + 1, 2**32 - 1])
def test_a_probability_above_one_is_refused(probability: int) -> None:
    with pytest.raises(Exception, match="InvalidParameters"):
        ForcedCourt(probability)
