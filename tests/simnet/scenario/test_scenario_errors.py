"""A wrong scenario: every error at once, each where it stands, with the right name beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from nodes.parameters import MAX_COMPARED, did_you_mean
from simnet.scenario.errors import MAX_SHOWN, ScenarioErrors
from simnet.scenario.load import load_scenario
from tests.scenario_text import MINIMAL, errors_of, one_error, parse


def test_an_error_shows_the_line_a_caret_and_the_nearest_name() -> None:
    text = """\
        name: tiny
        models: [digit_mlp, digits_cnn]
        strategy: none
        """
    assert errors_of(text) == [
        "x.yaml:2:10: unknown model 'digit_mlp'\n"
        "   2 | models: [digit_mlp, digits_cnn]\n"
        "     |          ^^^^^^^^^\n"
        "     did you mean 'digits_mlp'?"
    ]


def test_all_errors_of_a_file_come_at_once_and_in_its_order() -> None:
    text = """\
        name: two words
        sede: 42
        seed: -1
        duration: 30
        models: [digits_mlp]
        network: {topology: star, loss: 110 %}
        strategy: {kind: committee, sise: 5, comparator: {kind: relativ}}
        adversaries:
          - {behaviour: quantize, variant: int9}
          - {behaviour: quantise}
        expect: [detection_rat > 0]
        """
    assert [error.partition("\n")[0] for error in errors_of(text)] == [
        "x.yaml:1:7: 'two words' is not a name",
        "x.yaml:2:1: unknown key 'sede'",
        "x.yaml:3:7: -1 is too small",
        "x.yaml:4:11: 30 has no unit",
        "x.yaml:6:33: '110 %' is more than the whole",
        "x.yaml:7:29: unknown key 'sise'",
        "x.yaml:7:57: unknown comparator 'relativ'",
        "x.yaml:9:36: unknown value 'int9'",
        "x.yaml:10:17: unknown behaviour 'quantise'",
        "x.yaml:11:10: unknown metric 'detection_rat'",
    ]


SPANNING = """\
    name: spans
    models: [digits_mlp, digit_mlp]
    nodes: {inference: {count: 4}, full: {count: 4}}
    strategy: none
    adversaries:
      - {behaviour: quantize, nodes: [inference-7]}
    faults:
      - {at: 1 min, crash: [full-9]}
      - {at: 2 min, restart: [full-0]}
      - {at: 99 min, gas_price: 2}
    sometimes: [slahed]
    expect: [detection_rate >= 0.9, detection_rate >= 95]
    """
ACROSS = [
    "x.yaml:2:22: unknown model 'digit_mlp'",
    "x.yaml:6:35: no participant of role inference is called 'inference-7'",
    "x.yaml:8:25: unknown node 'full-9'",
    "x.yaml:9:27: 'full-0' is not down by then",
    "x.yaml:10:10: happens at 99 min, when the run is over",
    "x.yaml:11:13: unknown event 'slahed'",
    "x.yaml:12:33: 'detection_rate >= 95' never holds: detection_rate is a share, from 0 to 1",
]


@pytest.mark.parametrize(
    ("right", "wrong", "told", "untold"),
    [
        ("name: spans", "name: two words", "x.yaml:1:7: 'two words' is not a name", ()),
        ("[digits_mlp, ", "[7, ", "x.yaml:2:10: expected a mapping", ()),
        (
            "strategy: none",
            "strategy: none\n    clients: {arrivals: often}",
            "x.yaml:5:21: 'often' is not an arrival",
            (),
        ),
        ("strategy: none", "strategy: none\n    clients: {count: -1}", "x.yaml:5:18: -1 is too small", range(1, 5)),
        ("strategy: none", "strategy: none\n    network: {loss: 2}", "x.yaml:5:17: 2 is more than", range(2, 5)),
        ("4}, full: {count: 4}", "4}, full: {count: -1}", "x.yaml:3:46: -1 is too small", range(1, 5)),
        ("strategy: none", "strategy: nine", "x.yaml:4:11: unknown strategy 'nine'", range(2, 5)),
        ("- {behaviour: quantize", "- {behaviour: quantise", "x.yaml:6:17: unknown behaviour", range(1, 2)),
        ("crash:", "crush:", "x.yaml:8:5: unknown fault 'crush'", (2, 3)),
        ("[slahed]", "[slahed]\n    duration: 1", "x.yaml:12:11: 1 has no unit", range(1, 5)),
        ("[detection_rate >= 0.9,", "[detection >= 0.9,    ", "x.yaml:12:10: unknown metric", ()),
    ],
)
def test_a_mistake_within_a_section_hides_none_between_others(
    right: str, wrong: str, told: str, untold: Sequence[int]
) -> None:
    """Except what hangs on the section that is wrong: nothing is concluded from that."""
    assert [error.partition("\n")[0] for error in errors_of(SPANNING)] == ACROSS
    found = "\n".join(errors_of(SPANNING.replace(right, wrong)))
    said = [message.partition(": ")[2] for message in ACROSS]
    assert [i for i, message in enumerate(said) if message not in found] == list(untold)
    assert told in found


def test_a_key_after_which_nothing_stands_is_no_default() -> None:
    fault = "nodes: {full: {count: 1}}\nfaults:\n  - {at: 1 min, crash: [full-0], for%s}\n"
    assert one_error(fault % "").startswith("x.yaml:6:34: key 'for' has no value")
    assert "key 'until' has no value" in one_error("adversaries: [{behaviour: quantize, count: 1, until}]\n")
    assert "expected a whole number such as 3, got nothing" in one_error("seed:\n")
    parse(MINIMAL + fault % ": null")
    parse(MINIMAL + fault % "", ["faults=[]"])
    parse(MINIMAL + fault.replace("crash: [full-0], for%s", "partition: [full-0]") + "  - {at: 2 min, heal}\n")


def test_the_report_ends_with_a_count_and_exit_code_2() -> None:
    with pytest.raises(ScenarioErrors) as caught:
        parse("name: a\n")
    assert str(caught.value).endswith("\n2 errors in x.yaml")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("nodes: {inferense: {count: 3}}", ["x.yaml:4:9: unknown key 'inferense'", "did you mean 'inference'?"]),
        ("nodes: {full: {count: many}}", ["x.yaml:4:23: expected a whole number such as 3, got 'many'"]),
        ("nodes: {full: {count: 2.5}}", ["x.yaml:4:23: expected a whole number such as 3, got 2.5"]),
        ("nodes: {full: {count: true}}", ["x.yaml:4:23: expected a whole number such as 3, got 'true'"]),
        ("nodes: {full: {count: -1}}", ["x.yaml:4:23: -1 is too small"]),
        ("nodes: {inference: {count: 0}}", ["x.yaml:4:28: 0 is too small"]),
        ("nodes: {full: {count: 10001}}", ["x.yaml:4:23: 10001 is too large"]),
        ("nodes: {inference: {batch_size: 129}}", ["x.yaml:4:33: 129 is too large"]),
        ("nodes: [3]", ["x.yaml:4:8: expected a mapping of keys to values, got a list"]),
        ("chain: {backend: ganache}", ["x.yaml:4:18: unknown value 'ganache'", "expected one of anvil, auto, revm"]),
        ("clients: {arrivals: poisson 2}", ["x.yaml:4:21: '2' is not a rate above zero", "poisson 2/s"]),
        ("clients: {arrivals: poisson 0/s}", ["x.yaml:4:21: '0/s' is not a rate above zero"]),
        ("clients: {arrivals: sometimes}", ["x.yaml:4:21: 'sometimes' is not an arrival process"]),
        ("clients: {audit: maybe}", ["x.yaml:4:18: expected true or false, got 'maybe'"]),
        ("clients: {fee: 0.02 OGP}", ["x.yaml:4:16: '0.02 OGP' has an unknown unit", "units: OPG, wei"]),
        ("network: {regions: []}", ["x.yaml:4:20: at least 1 needed", "write one, or leave the key out"]),
        ("network: {latency: {mean: 3 ms}}", ["x.yaml:4:21: unknown key 'mean'", "did you mean 'median'?"]),
        ("duration: 0 s", ["x.yaml:4:11: 0 is too small"]),
        ("duration:", ["x.yaml:4:10: nothing is not a duration"]),
        ("seed: 9223372036854775808", ["x.yaml:4:7: 9223372036854775808 is too large"]),
        ("adversaries: [{count: 1}]", ["x.yaml:4:15: key 'behaviour' is missing", "expected one of"]),
        ("adversaries: [{behaviour: 3}]", ["x.yaml:4:27: unknown behaviour '3'"]),
        ("adversaries: [{behaviour: quantize, probabilty: 1}]", ["x.yaml:4:37: unknown key", "'probability'?"]),
        ("adversaries: [{behaviour: quantize, varaint: int8}]", ["x.yaml:4:37: unknown key", "'variant'?"]),
        ("faults: [{at: 1 s, partitio: [local]}]", ["x.yaml:4:10: unknown fault 'partitio'", "'partition'?"]),
        ("faults: [{at: 1 s}]", ["x.yaml:4:10: a fault has exactly one verb", "congestion, crash, cut"]),
        ("faults: [{at: 1 s, heal, reorg: 1}]", ["x.yaml:4:10: a fault has exactly one verb"]),
        ("faults: [{at: 1 s, heal: [local]}]", ["x.yaml:4:26: this undoes everything and names nothing"]),
        ("faults: [{at: 1 s, heal, for: 3 s}]", ["x.yaml:4:26: unknown key 'for'"]),
        ("faults: [{partition: [local]}]", ["x.yaml:4:10: key 'at' is missing", "add at: 10 min"]),
        (
            "faults: [{at: 1 s, hold: {from: local}}]",
            ["x.yaml:4:26: key 'to' is missing", "add to: …"],
        ),
        ("faults: [{at: 1 s, reorg: 0}]", ["x.yaml:4:27: 0 is too small"]),
        ("sometimes: slashed", ["x.yaml:4:12: expected a list such as [a, b], got 'slashed'"]),
        ("models: [digits_mlp]", ["x.yaml:4:1: duplicate key 'models'", "line 2"]),
        ("3: x", ["x.yaml:4:1: a key must be text"]),
        ("? [a]\n: b", ["x.yaml:4:3: a key must be text"]),
        ("description: !!binary aGk=", ["x.yaml:4:14: tag tag:yaml.org,2002:binary does not fit here"]),
        ("nodes: !!python/object:os.system {}", ["python/object:os.system does not fit here"]),
        ("comparator: bitwise", ["x.yaml:4:1: unknown key 'comparator'", "write it as strategy: {comparator: …}"]),
        ("strategy.comparator: bitwise", ["x.yaml:4:1: unknown key 'strategy.comparator'"]),
        ("<<: {seed: 3}", ["x.yaml:4:1: unknown key '<<'"]),
    ],
)
def test_each_mistake_has_its_place_and_its_remedy(more: str, expected: list[str]) -> None:
    error = one_error(more)
    for part in expected:
        assert part in error


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("comittee", ["x.yaml:3:11: unknown strategy 'comittee'", "did you mean 'committee'?"]),
        ("{size: 5}", ["x.yaml:3:11: key 'kind' is missing", "committee"]),
        ("7", ["x.yaml:3:11: a strategy is a kind, or a mapping with a key 'kind'"]),
        ("{kind: [a]}", ["x.yaml:3:18: unknown strategy"]),
        ("{kind: committee, quorum: 4/3}", ["x.yaml:3:37: '4/3' is more than the whole"]),
        ("{kind: none, comparator: {tolerance: 1}}", ["x.yaml:3:36: key 'kind' is missing"]),
        ("{kind: none, comparator: {kind: relative, tolerance: 0}}", ["x.yaml:3:64: 0 is too small"]),
        ("{kind: none, comparator: }", ["x.yaml:3:36: a comparator is a kind"]),
    ],
)
def test_mistakes_in_a_strategy_are_found_inside_it(strategy: str, expected: list[str]) -> None:
    errors = errors_of(f"name: tiny\nmodels: [digits_mlp]\nstrategy: {strategy}\n")
    assert len(errors) == 1
    for part in expected:
        assert part in errors[0]


def test_an_error_in_a_long_line_shows_the_part_around_it() -> None:
    error = one_error("description: '" + "x" * 300 + "'\nnetwork: {regions: [" + "a, " * 50 + "'b c']}")
    line, caret = error.splitlines()[1:3]
    assert "'b c'" in line
    assert line[caret.index("^") :].startswith("'b c'")
    assert len(line) <= 110


def test_control_characters_of_a_file_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in one_error('"\\e[31mred": 1')


def test_a_name_of_any_length_makes_a_short_message() -> None:
    assert len(one_error(f"? {'x' * 5000}\n: 1")) < 1500


def test_only_the_first_hundred_errors_are_shown() -> None:
    with pytest.raises(ScenarioErrors) as caught:
        parse(MINIMAL + "expect: [" + "x, " * 150 + "]")
    assert "… and 50 more" in str(caught.value)
    assert str(caught.value).endswith("150 errors in x.yaml")


@pytest.mark.parametrize(
    "wrong",
    [
        "expect: [" + ", ".join(f"metrik_{i} > 1" for i in range(150)) + "]",
        "adversaries: [{behaviour: free_rider, nodes: [" + ", ".join(f"cliemt-{i}" for i in range(150)) + "]}]",
        "faults: [{at: 1 s, crash: [" + ", ".join(f"fall-{i}" for i in range(150)) + "]}]",
        "sometimes: [" + ", ".join(f"slashd_{i}" for i in range(150)) + "]",
    ],
)
def test_suggestions_are_looked_for_only_where_they_are_shown_and_among_few(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []

    def count(name: str, known: list[str], n: int) -> list[str]:
        compared.append(len(known))
        return []

    monkeypatch.setattr("nodes.parameters.difflib.get_close_matches", count)
    with pytest.raises(ScenarioErrors, match="150 errors"):
        parse(MINIMAL + "clients: {count: 3000}\n" + wrong)
    assert 0 < len(compared) <= MAX_SHOWN
    assert max(compared) <= MAX_COMPARED


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("client-41234", "client-41234"), ("cliemt-41234", "client-41234"), ("client-4123x", "client-4123"), ("x", "")],
)
def test_the_nearest_of_very_many_names_is_found_by_the_half_that_is_right(slip: str, meant: str) -> None:
    hint = str(did_you_mean(slip, [f"client-{i}" for i in range(50_000)]))
    assert hint.startswith(f"did you mean '{meant}" if meant else "expected one of client-0, client-1, client-10, ")


def test_an_unreadable_file_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path, Path("a\0b"), Path("x" * 5000)):
        with pytest.raises(ScenarioErrors, match="cannot read the file"):
            load_scenario(path)
