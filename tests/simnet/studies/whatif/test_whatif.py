"""Two parameter sets side by side: what is read from runs, what is said without one, and that it repeats."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

from chain.deploy import ProtocolParameters
from chain.evm import abi
from chain.quantities import OPG, Wei
from reports import whatif as pages
from reports.estimates import heading
from simnet.batch.batch import Batch
from simnet.cli.console import make_console
from simnet.cli.main import main
from simnet.cli.whatif import conclude
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.load import load_scenario, parse_scenario
from simnet.studies.whatif.idle import idle
from simnet.studies.whatif.parameters import ParameterSet, load_set
from simnet.studies.whatif.punished import Punishment, Witnessed
from simnet.studies.whatif.whatif import Seen, WhatIf, slashings_of, subject, what_if
from tests.source import ROOT

pytest.importorskip("pyrevm")

OUTAGE = ROOT / "scenarios" / "whatif" / "outage.yaml"
SHORT = ("duration=70 s", "settle=70 s", "clients.arrivals=constant 1/s")
IN_PROCESS = Batch(make_executor=ThreadPoolExecutor)
TODAY = ParameterSet(name="today")
STRICT = ParameterSet(name="strict", set={"strategy.missed_reveal_slash": "5 %"})


@pytest.fixture(scope="module")
def found() -> WhatIf:
    """An outage under a penalty for votes that are not opened, and under fifty times that."""
    sets = TODAY, STRICT
    return what_if(sets, [subject(OUTAGE, sets, SHORT)], [1], IN_PROCESS)


def test_who_is_punished_is_the_same_and_costs_fifty_times_as_much(found: WhatIf) -> None:
    (seen,) = found.seen
    assert seen.slashings
    for today, strict in seen.slashings.values():
        assert (today.seeds, today.first_s, today.slashes) == (strict.seeds, strict.first_s, strict.slashes)
        assert today.wrongly == today.slashes
        assert 40 * today.opg < strict.opg <= 50 * today.opg
    assert 0 < seen.wrongly_slashed_share(0) == seen.wrongly_slashed_share(1) < 1
    assert seen.slashed_opg(1, rightly=False) > 40 * seen.slashed_opg(0, rightly=False) > 0


def test_what_changes_beyond_noise_is_told_from_what_does_not(found: WhatIf) -> None:
    (seen,) = found.seen
    real = {change.reading for change in seen.real}
    assert "fraud_committed" not in real
    assert {change.reading for change in seen.difference.changes} > real


def test_it_repeats_and_the_digest_says_so(found: WhatIf) -> None:
    again = what_if((TODAY, STRICT), [found.seen[0].subject], [1], IN_PROCESS)
    assert again.digest == found.digest
    assert again.as_json() == found.as_json()
    assert WhatIf((TODAY, TODAY), found.seeds, found.seen).digest != found.digest


def test_slashings_are_counted_over_all_seeds() -> None:
    def run(*slashes: tuple[str, float, float, bool]) -> Witnessed:
        made = tuple(Punishment(who, at, opg, "fraud", rightly) for who, at, opg, rightly in slashes)
        return Witnessed(None, made, 4)  # type: ignore[arg-type]

    runs = [run(("a", 5.0, 10.0, False), ("a", 9.0, 2.0, True)), run(("a", 7.0, 4.0, True)), run(("b", 1.0, 1.0, True))]
    one = slashings_of("a", runs)
    assert (one.seeds, one.first_s, one.slashes, one.wrongly) == (2, 6.0, 3, 1)
    assert one.opg == pytest.approx(16 / 3)
    assert slashings_of("nobody", runs).first_s is None


# -- parameter sets -----------------------------------------------------------------------------------------


def calldata(parameters: ProtocolParameters) -> str:
    return "0x" + abi.load("GovernedSettlement").calldata("setParameters", [parameters.settlement]).hex()


def test_a_proposal_is_read_from_its_calldata() -> None:
    parameters = ProtocolParameters(slash_share_bps=1_234, slash_amount=Wei(5 * OPG), jail_period_s=77)
    one = ParameterSet(name="vote", proposal=calldata(parameters), set={"economics.jail": "1 d"})
    assert set(one.assignments()) == {
        "economics.slash_share=12.34 %",
        "economics.slash_amount=5 OPG",
        "economics.bounty_share=50 %",
        "economics.verifier_share=20 %",
        "economics.jail=1 d",  # a path wins over the proposal
        "economics.withdrawal_delay=3600 s",
        "economics.finality_delay=60 s",
    }
    scenario = load_scenario(OUTAGE, one.assignments())
    assert scenario.economics.slash_share == 0.1234
    assert scenario.economics.slash_amount == 5 * OPG


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("nam: x", "1:1", "did you mean 'name'?"),
        ("name: x\nproposal: '0x1234'", "2:11", "calls something else"),
        ("name: x\nproposal: 0xzz", "2:11", "cannot be read"),
        ("name: x\nset: [1]", "2:6", "mapping"),
    ],
)
def test_what_is_wrong_with_a_set_is_said_with_its_place(tmp_path: Path, text: str, place: str, says: str) -> None:
    file = tmp_path / "set.yaml"
    file.write_text(text + "\n")
    with pytest.raises(ScenarioErrors) as caught:
        load_set(file)
    assert f"set.yaml:{place}" in str(caught.value)
    assert says in str(caught.value)


def test_a_calldata_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.yaml").write_text(f"name: x\nproposal: '{calldata(ProtocolParameters())[:-64]}'\n")
    with pytest.raises(ScenarioErrors, match="cannot be read"):
        load_set(tmp_path / "set.yaml")


# -- what can never act -------------------------------------------------------------------------------------


def idle_under(**changes: str) -> list[str]:
    assignments = tuple(f"{path.replace('__', '.')}={value}" for path, value in changes.items())
    return list(idle(load_scenario(OUTAGE, assignments), assignments, load_scenario(OUTAGE)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"economics__slash_share": "0"}, "a fraud that is proven costs nothing"),
        ({"economics__bounty_share": "100 %"}, "no slash bites"),
        ({"economics__slash_amount": "10_000 OPG"}, "slash_share adds nothing"),
        ({"economics__verifier_share": "0"}, "nobody is paid for verification"),
        ({"economics__unbonding": "30 s"}, "a slash may find no stake"),
        ({"strategy__missed_reveal_slash": "0"}, "strategy.missed_reveal_slash is 0"),
        ({"economics__slash_share": "10 %"}, "economics.slash_share is 10 % already"),
        ({"economics__finality_delay": "90 s"}, "acts where nobody verifies"),
    ],
    ids=str,
)
def test_what_can_never_act_is_named_without_a_run(changes: dict[str, str], says: str) -> None:
    assert sum(says in line for line in idle_under(**changes)) == 1, idle_under(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"economics__slash_share": "0.01 %"},
        {"economics__bounty_share": "99.99 %"},
        {"economics__slash_amount": "9_999 OPG"},
        {"economics__verifier_share": "0.01 %"},
        {"economics__unbonding": "300 s"},
        {"strategy__missed_reveal_slash": "0.01 %"},
        {"strategy__comparator__tolerance": "1e-5"},
    ],
    ids=str,
)
def test_what_can_act_is_not(changes: dict[str, str]) -> None:
    assert idle_under(**changes) == []


def test_stake_that_leaves_in_time_for_a_verdict_does_not_once_reorgs_lengthen_its_windows() -> None:
    calm = load_scenario(OUTAGE, ("economics.unbonding=300 s",))
    faulty = parse_scenario(calm.resolved_yaml().replace("faults:", "faults:\n- at: 150 s\n  reorg: 60").encode(), "x")
    assert list(idle(calm, (), calm)) == []
    [line] = idle(faulty, (), faulty)
    assert "a slash may find no stake" in line


# -- the page -----------------------------------------------------------------------------------------------


def test_what_is_taken_rightly_and_wrongly_is_told_apart(found: WhatIf) -> None:
    (seen,) = found.seen
    (row,) = pages.slashed(found)
    wrongly = [f"{seen.slashed_opg(side, rightly=False):,.0f}" for side in range(2)]
    share = f"{100 * seen.wrongly_slashed_share(0):.0f} %"
    assert row == ("outage", "0", "0", f"{wrongly[0]} ({share})", f"{wrongly[1]} ({share})")
    assert pages.verdict(found) == "Nodes are slashed although they were honest: under both sets in outage."


@pytest.mark.parametrize(
    ("rightly", "told"),
    [
        ((True, True), "Nobody is slashed although honest, under either set."),
        ((True, False), "under A (today) nowhere, under B (strict) in outage."),
        ((False, True), "under A (today) in outage, under B (strict) nowhere."),
    ],
)
def test_the_first_sentence_says_which_set_slashes_the_honest(
    found: WhatIf, rightly: tuple[bool, bool], told: str
) -> None:
    """It goes by what was done before each slash, which is changed here."""
    (seen,) = found.seen
    first, second = (
        tuple(replace(run, punishments=tuple(replace(p, rightly=right) for p in run.punishments)) for run in runs)
        for right, runs in zip(rightly, seen.runs, strict=True)
    )
    changed = replace(found, seen=(Seen(seen.subject, (first, second), seen.digests),))
    assert pages.verdict(changed).endswith(told)
    (row,) = pages.slashed(changed)
    assert [cell != "0" for cell in row[1:]] == [*rightly, *(not right for right in rightly)]


def test_every_figure_that_changed_has_its_meaning_on_the_page(found: WhatIf) -> None:
    page = unescape(pages.html(found, "simnet whatif a b"))
    assert found.seen[0].real
    for change in found.seen[0].real[: pages.MAX_CHANGES]:
        assert f'{heading(change.reading)}<span class="evidence">{change.spec.description}</span>' in page


def test_what_can_never_act_is_told_once_for_all_scenarios() -> None:
    nothing = ParameterSet(name="free", set={"economics.slash_share": "0", "economics.verifier_share": "20 %"})
    sets = TODAY, nothing
    both = [
        Seen(subject(OUTAGE.with_name(f"{name}.yaml"), sets, ()), ((), ()), ((), ())) for name in ("outage", "rogue")
    ]
    told = list(pages.never_acts(WhatIf(sets, (1,), tuple(both))))
    assert len(told) == len(set(told)) == 2
    assert all(line.startswith("B, everywhere: ") for line in told)
    alone = [replace(both[0], subject=replace(both[0].subject, idle=((), ()))), both[1]]
    assert [line[:12] for line in pages.never_acts(WhatIf(sets, (1,), tuple(alone)))] == ["B, in rogue:"] * 2


# -- the command --------------------------------------------------------------------------------------------


def test_the_command_leaves_one_page_in_four_forms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simnet.batch.processes.Processes", ThreadPoolExecutor)
    (tmp_path / "a.yaml").write_text("name: today\n")
    (tmp_path / "b.yaml").write_text("name: strict\nset: {strategy.missed_reveal_slash: 5 %}\n")
    sides = [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), "--on", str(OUTAGE)]
    changes = [part for one in SHORT for part in ("--set", one)]
    out = tmp_path / "out"
    assert main(["whatif", *sides, "--seeds", "1", *changes, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((out / "whatif.json").read_text())
    assert told["scenarios"][0]["wrongly_slashed_opg"]["B"] > told["scenarios"][0]["wrongly_slashed_opg"]["A"] > 0
    page, text = (out / "whatif.md").read_text(), (out / "whatif.html").read_text()
    for form in (page, text):
        assert "What if strict instead of today?" in form
        assert told["digest"] in form
        assert "wrongly, in 1 of 1 seeds" in form
        assert "strategy.missed_reveal_slash=5 %" in form
    table = pd.read_csv(out / "whatif.csv")
    assert set(table["set"]) == {"A", "B"}
    assert not table["rightly"].any()


def test_the_command_says_in_a_sentence_that_nothing_changes(
    found: WhatIf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (seen,) = found.seen
    nobody = tuple(replace(run, punishments=()) for run in seen.runs[0])
    spared = replace(seen, runs=(nobody, nobody))
    conclude(make_console(), replace(found, seen=(spared,)), ["simnet"], tmp_path, as_json=False)
    said = capsys.readouterr().out
    assert f"outage: {pages.NOBODY_PUNISHED}" in said
    assert f"outage: {pages.nothing_changes(len(found.seeds))}" in said
    assert "outage: beyond noise" not in said
    assert pages.nothing_changes(len(found.seeds)) in unescape((tmp_path / "whatif.html").read_text())


def test_no_run_names_what_can_never_act(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.yaml").write_text("name: free\nset: {economics.slash_share: 0 %}\n")
    assert main(["whatif", "whatif/sets/today", str(tmp_path / "b.yaml"), "--no-run"]) == 0
    assert capsys.readouterr().out.count("a fraud that is proven costs nothing") == 3
    assert main(["whatif", "whatif/sets/today", "whatif/sets/strict", "--no-run"]) == 0
    said = capsys.readouterr().out
    assert "everything can act" in said
    assert "can never act" not in said


def test_a_path_that_a_scenario_lacks_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.yaml").write_text("name: bad\nset: {economics.slash_shar: 0 %}\n")
    assert main(["whatif", "whatif/sets/today", str(tmp_path / "b.yaml"), "--no-run"]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'slash_share'?" in said
    assert "set bad: economics.slash_shar=0 %: " in said
