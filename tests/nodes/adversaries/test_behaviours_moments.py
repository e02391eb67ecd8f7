"""Inference nodes that pick their moments: what each waits for, and what stops it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chain.quantities import OPG, TaskId, Wei
from nodes.adversaries.inference.moments import ProbeDetector, SelectiveCheater, Sleeper
from nodes.effects import Execute, Note, Purpose, Receive
from nodes.messages import Envelope, InferenceRequest
from nodes.records import ClaimMade, SidePayment
from tests.driving import FEE, INPUT, MODEL, Course, always, attached, event, execution, inbox, lies, past, task_id, who
from tests.small import play

NOBODY_CHECKS = {"kind": "none"}


def answering(task: TaskId, value: np.ndarray = INPUT) -> Execute:
    """The honest node's execution of a task."""
    return Execute(MODEL, value, Purpose.ANSWER, task)


def making(task: TaskId) -> Note:
    """The honest node's record of a claim."""
    return Note(ClaimMade("inference-0", task, MODEL, ""))


def variants(course: Course) -> list[str]:
    """What was really run."""
    return [effect.variant for effect in course.of(Execute)]


# -- sleeper -------------------------------------------------------------------------------------------------


def test_a_sleeper_is_honest_until_it_has_made_its_claims_and_cheats_from_then_on() -> None:
    effects = [effect for i in range(5) for effect in (answering(task_id(i)), making(task_id(i)))]
    course = past(attached(Sleeper(honest_claims=3)), *effects, answers={Execute: always(execution())})
    assert variants(course) == ["fp32", "fp32", "fp32", "small", "small"]
    assert lies(course) == [("answer", task_id(3)), ("answer", task_id(4))]


def test_a_sleeper_of_no_patience_cheats_at_once_and_never_falsifies_a_check() -> None:
    check = Execute(MODEL, INPUT, Purpose.CHECK, task_id(0))
    course = past(attached(Sleeper(honest_claims=0, variant="int4")), answering(task_id(1)), check,
                  answers={Execute: always(execution())})  # fmt: skip
    assert variants(course) == ["int4", "fp32"]


@pytest.mark.long
def test_adaptive_replication_lets_a_sleeper_through_that_checking_everything_stops() -> None:
    def sleeping(strategy: dict[str, Any]) -> Any:
        return play(
            adversaries=[{"behaviour": "sleeper", "nodes": ["inference-0"], "honest_claims": 30}],
            strategy=strategy,
            nodes={"inference": {"count": 1, "batch_interval": "10 s", "batch_size": 1}, "full": {"count": 3}},
            duration="80 s",
        )

    trusting = sleeping({"kind": "adaptive_replication", "streak": 10})
    assert trusting["fraud_finalised"] > trusting["fraud_detected"] >= 0
    strict = sleeping({"kind": "full_reexecution"})
    assert (strict["fraud_finalised"], strict["detection_rate"]) == (0, 1)
    assert strict["fraud_committed"] > 0


# -- selective_cheater -----------------------------------------------------------------------------------------


def test_a_selective_cheater_cheats_exactly_on_the_tasks_that_are_worth_it_and_records_the_gain() -> None:
    cheat = attached(SelectiveCheater.model_validate({"mean_value": "1 OPG", "above": "2 OPG"}))
    tasks = [task_id(i) for i in range(400)]
    course = past(cheat, *map(answering, tasks), answers={Execute: always(execution())})
    worth_it = [task for task in tasks if cheat.value(task) >= 2 * OPG]
    assert lies(course) == [("answer", task) for task in worth_it]
    assert len(worth_it) == pytest.approx(400 * np.exp(-2), rel=0.3)  # an exponential's tail
    gains = [record for record in course.records if isinstance(record, SidePayment)]
    assert [(gain.payer, gain.payee, int(gain.amount)) for gain in gains] == [
        ("", "inference-0", cheat.value(task)) for task in worth_it
    ]


@pytest.mark.parametrize(("fee", "cheats"), [(2 * OPG - 1, False), (2 * OPG, True)])
def test_a_selective_cheater_sees_the_fee_that_is_offered(fee: int, cheats: bool) -> None:
    cheat = attached(SelectiveCheater.model_validate({"above": "2 OPG", "goes_by": "fee"}))
    request = InferenceRequest(task_id(1), MODEL, INPUT, Wei(fee), None)
    asked = Envelope("client-0", request, 1)
    course = past(
        cheat, Receive(), answering(task_id(1)), answers={Receive: always(asked), Execute: always(execution())}
    )
    assert bool(lies(course)) is cheats
    assert not [record for record in course.records if isinstance(record, SidePayment)]


def test_a_flat_sampling_rate_does_not_stop_whoever_cheats_on_valuable_tasks_alone() -> None:
    run = play(
        adversaries=[{"behaviour": "selective_cheater", "nodes": ["inference-0"], "mean_value": "200 OPG",
                      "above": "300 OPG"}],
        strategy={"kind": "posp", "probability": "20 %"},
        economics={"slash_share": 0, "slash_amount": "500 OPG", "jail": 0, "beacon_round": "6 s"},
    )  # fmt: skip
    assert run["fraud_finalised"] > 0
    assert run["side_payments_opg"] >= 300 * run["fraud_committed"]
    assert run["attacker_roi"] > 0


# -- probe_detector --------------------------------------------------------------------------------------------


def asked_by(client: str, task: TaskId) -> Envelope:
    """A request in the mailbox."""
    return Envelope(client, InferenceRequest(task, MODEL, INPUT, FEE, None), 1)


def test_a_probe_detector_is_honest_to_auditors_and_on_inputs_that_it_has_seen() -> None:
    others = [INPUT + i for i in range(3)]
    mail = [asked_by(client, task_id(i)) for i, client in enumerate(["client-0", "client-1", "client-1"])]
    course = past(
        attached(ProbeDetector(probers=("client-0",))),
        *(Receive() for _ in mail),
        answering(task_id(0), others[0]),
        answering(task_id(1), others[1]),
        answering(task_id(2), others[1]),
        answers={**inbox(*mail), Execute: always(execution())},
    )
    assert variants(course) == ["fp32", "small", "fp32"]


@pytest.mark.parametrize(("learns", "ran"), [(True, "fp32"), (False, "small")])
def test_who_has_challenged_a_claim_is_an_auditor_from_then_on(learns: bool, ran: str) -> None:
    mail = [event("Challenged", "Optimistic", challenger=who("client-2").address), asked_by("client-2", task_id(0))]
    detector = attached(ProbeDetector(learns=learns))
    course = past(detector, Receive(), answering(task_id(0)), answers={**inbox(*mail), Execute: always(execution())})
    assert variants(course) == [ran]


def test_repeated_inputs_are_no_probes_to_a_detector_that_goes_by_the_client_alone() -> None:
    course = past(
        attached(ProbeDetector(probers=("client-0",), repeats=False)),
        *(answering(task_id(i)) for i in range(3)),
        answers={Execute: always(execution())},
    )
    assert variants(course) == ["small"] * 3


@pytest.mark.long
def test_honeypots_stop_finding_fraud_once_their_auditors_have_shown_themselves() -> None:
    def probed(behaviour: str, **more: Any) -> Any:
        return play(
            adversaries=[{"behaviour": behaviour, "nodes": ["inference-0"], **more}],
            strategy={"kind": "honeypot", "probes": "20 %", "challenge_window": "20 s"},
            economics={"jail": 0, "slash_share": "0.1 %"},
        )

    naive, learning = probed("model_swap"), probed("probe_detector", repeats=False)
    assert 0 < learning["detection_rate"] < naive["detection_rate"] / 2
    assert probed("probe_detector", repeats=False, probers=["client-0"])["fraud_detected"] == 0


def test_probes_from_known_auditors_find_nothing_where_checking_everything_finds_all() -> None:
    detector = {"behaviour": "probe_detector", "nodes": ["inference-0"], "probers": ["client-0"], "repeats": False}
    run = play(adversaries=[detector], duration="1 min")
    lied_to = {row["client"] for row in run.tables.of("task_sent") if row["task"] in {r["subject"] for r in run.lies()}}
    assert lied_to
    assert "client-0" not in lied_to
    assert (run["detection_rate"], run["fraud_finalised"]) == (1, 0)
