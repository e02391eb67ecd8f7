"""Options of all verbs: their mistakes are told with their own names, and examples in the help are right."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from simnet.cli.main import VERBS, cli, main
from simnet.shipped import find_directory, find_scenario, shipped
from simnet.studies.truth.suite import case_files

OWN = {"mine.yaml", "theirs.yaml"}
"""What stands in examples for a file of one's own."""

OF_SCENARIOS = ("run", "check", "compare", "sweep", "economy", "whatif", "up")

VARIABLES = ("OG_BLOBS_URL", "OG_RPC_URL", "OG_MODEL_REGISTRY", "OG_PRIVATE_KEY", "OG_CONTROL_URL")


def command(verb: str) -> click.Command:
    found = cli.get_command(click.Context(cli), verb)
    assert found is not None
    return found


def examples() -> Iterator[tuple[str, ...]]:
    """The arguments of every example in the help."""
    texts = [cli.epilog or "", *(command(verb).help or "" for verb in VERBS)]
    for line in re.findall(r"^ *simnet (.+?)(?: {4,}.*)?$", "\n".join(texts), re.MULTILINE):
        arguments = tuple(shlex.split(re.split(r" > | {2,}", line)[0]))
        if arguments[0] in VERBS:
            yield arguments


@pytest.mark.parametrize("arguments", sorted(set(examples())), ids=shlex.join)
def test_an_example_in_the_help_is_understood(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "x")
    monkeypatch.chdir(tmp_path)
    verb, *rest = arguments
    stands_for_a_file = {"fuzz": r"violation-.*", "models": r"mine\.onnx|\$\(.*"}.get(verb)
    if stands_for_a_file and any(re.search(stands_for_a_file, one) for one in rest):
        return
    with command(verb).make_context(verb, list(rest)) as context:
        given = context.params
    if verb in OF_SCENARIOS:
        named = [
            value for key in ("scenario", "paths", "first", "second", "files") for value in as_list(given.get(key))
        ]
        for one in named:
            assert one.name in OWN or find_scenario(one).exists() or find_directory(one), one
    if verb in ("truth", "equilibrium"):
        assert case_files(shipped() / verb, given["cases"])


def as_list(value: object) -> list[Path]:
    return [Path(one) for one in value] if isinstance(value, tuple) else [value] if isinstance(value, Path) else []


def test_there_are_examples_in_the_help() -> None:
    assert len(set(examples())) > 60


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["compare", "byzantine", "--strategies", "foo"], "--strategies foo: unknown strategy 'foo'"),
        (["compare", "byzantine", "--strategies", "[a"], "--strategies [a: "),
        (["compare", "byzantine", "--seeds", "x"], "--seeds x: not a number of seeds"),
        (["compare", "byzantine", "--seeds", "1,x"], "--seeds 1,x: "),
        (["sweep", "byzantine", "--vary", "strategy.size=0,1"], "--vary strategy.size=0: 0 is too small"),
        (["sweep", "byzantine", "--vary", "foo=1..9:9"], "--vary foo=1: unknown key 'foo'"),
        (["truth", "GT-1a", "--tasks", "99999999999"], "--tasks 99999999999: 99999999999 is too large"),
        (["economy", "economy/baseline", "--contracts", "99999999"], "'contracts'"),
        (["up", "--fault", "foo"], "foo: unknown fault 'foo'"),
    ],
    ids=shlex.join,
)
def test_what_is_wrong_with_an_option_is_said_of_that_option(
    arguments: list[str], place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert place in said
    assert "--set" not in said
    assert "Value error" not in said
    assert len(re.findall(r"unknown key", said)) <= 1, "what is wrong at every point is said once"


def options() -> Iterator[tuple[str, click.Option]]:
    """Every option that takes a path to write to."""
    for verb in VERBS:
        for one in command(verb).params:
            if isinstance(one, click.Option) and isinstance(one.type, click.Path) and one.opts[0] not in ("--on",):
                yield verb, one


@pytest.mark.parametrize(("verb", "option"), [pytest.param(*one, id=f"{one[0]} {one[1].opts[0]}") for one in options()])
def test_a_file_in_the_place_of_a_directory_is_told_before_anything_runs_and_the_other_way_round(
    verb: str, option: click.Option
) -> None:
    assert isinstance(option.type, click.Path)
    if option.opts[0] != "--scenario":  # which may be a name
        assert option.type.file_okay != option.type.dir_okay


@pytest.mark.parametrize(
    "arguments",
    [
        ["inject", "crash: [full-0]", "--control", "nonsense"],
        ["inject", "crash: [full-0]", "--control", "http://127.0.0.1:1"],
        ["tour", "--python", "nowhere"],
        ["tour", "--python", "."],
        ["up", "--host", "999.1.1.1"],
    ],
    ids=shlex.join,
)
def test_a_wrong_address_is_no_internal_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "internal error" not in capsys.readouterr().err


def test_an_option_that_a_variable_gives_says_where_that_comes_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OG_CONTROL_URL", raising=False)
    assert main(["inject", "crash: [full-0]"]) == 2
    assert "source the file that simnet up names: it sets $OG_CONTROL_URL" in capsys.readouterr().err
