"""The files of a comparison: they say the same, and pandas reads back what was written."""

from __future__ import annotations

import math
from pathlib import Path

import orjson
import pandas as pd
import pytest

from simnet.studies.comparison.catalogue import READINGS
from simnet.studies.comparison.comparison import Comparison
from simnet.studies.comparison.tidy import ALL_SEEDS, COLUMNS, tidy
from tests.comparison_samples import compared, evidence


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Two strategies over two seeds."""
    pytest.importorskip("pyrevm")
    return compared(tmp_path_factory.mktemp("comparison"))


def test_the_csv_reads_back_equal(comparison: Comparison) -> None:
    read = pd.read_csv(comparison.directory / "comparison.csv")
    frame = tidy({"none": "none", "full_reexecution": "full_reexecution"}, comparison.evidence)
    pd.testing.assert_frame_equal(read, frame, rtol=1e-12)


def test_parquet_reads_back_equal(comparison: Comparison) -> None:
    csv, parquet = (
        pd.read_csv(comparison.directory / "comparison.csv"),
        pd.read_parquet(comparison.directory / "comparison.parquet"),
    )
    pd.testing.assert_frame_equal(csv, parquet, rtol=1e-12)


def test_there_is_a_row_for_every_figure_of_every_run_and_of_all_together(comparison: Comparison) -> None:
    frame = pd.read_parquet(comparison.directory / "comparison.parquet")
    assert tuple(frame.columns) == COLUMNS
    assert set(frame["seed"]) == {ALL_SEEDS, "3", "4"}
    counts = frame.groupby(["label", "seed"]).size()
    assert set(counts) == {len(READINGS)}
    assert len(counts) == 2 * 3


def test_an_infinite_and_an_undefined_value_survive(tmp_path: Path) -> None:
    frame = tidy({"a": "none"}, {"a": [evidence(counts={"detection_rate": (0, 0)})]})
    frame.loc[frame["metric"] == "honesty_stake_opg", "value"] = math.inf
    frame.to_csv(tmp_path / "x.csv", index=False)
    read = pd.read_csv(tmp_path / "x.csv").set_index(["seed", "metric"])["value"]
    assert read[ALL_SEEDS, "honesty_stake_opg"] == math.inf
    assert math.isnan(read[ALL_SEEDS, "detection_rate"])


def test_without_any_run_the_table_is_whole_and_empty() -> None:
    frame = tidy({"a": "none"}, {"a": []})
    assert len(frame) == len(READINGS)
    assert frame["value"].isna().all()


def test_the_json_says_the_same(comparison: Comparison) -> None:
    found = orjson.loads((comparison.directory / "comparison.json").read_bytes())
    frame = pd.read_parquet(comparison.directory / "comparison.parquet").set_index(["label", "seed", "metric"])
    assert found["seeds"] == [3, 4]
    assert [one["label"] for one in found["strategies"]] == ["none", "full_reexecution"]
    for one in found["strategies"]:
        figure = one["figures"]["gas_per_inference"]
        assert figure["value"] == frame.loc[(one["label"], ALL_SEEDS, "gas_per_inference"), "value"]
    none = found["strategies"][0]["figures"]
    assert (none["honesty_stake_opg"]["value"], none["honesty_stake_opg"]["state"]) == (None, "infinite")
    assert (none["time_to_detection_s.p50"]["value"], none["time_to_detection_s.p50"]["state"]) == (None, "undefined")
    assert {run["state"] for run in found["runs"]} == {"finished"}
    assert all((comparison.directory / run["directory"] / "results.json").is_file() for run in found["runs"])


def test_expectations_are_not_judged_per_strategy(tmp_path: Path) -> None:
    comparison = compared(tmp_path, ["none"], seeds=1, expect=["detection_rate >= 99 %"])
    (ran,) = comparison.ran
    results = orjson.loads((tmp_path / ran.directory / "results.json").read_bytes())
    assert (results["expectations"], results["outcome"], comparison.exit_code) == ([], "pass", 0)
