"""Prometheus reads a run while it goes on: what the endpoint says is what the log holds."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from reports.openmetrics import Exporter, PortTaken, serve
from reports.source import load_run
from simnet.log.tables import Tables, read_tables
from simnet.measure.catalogue import readings
from simnet.run import Options, run
from simnet.scenario.load import parse_scenario
from tests.report_samples import TROUBLED

Samples = dict[tuple[str, ...], float]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Exporter, Tables]:
    """A run's exporter and log."""
    pytest.importorskip("pyrevm")
    exporter = Exporter()
    out = tmp_path_factory.mktemp("runs")
    run(parse_scenario(TROUBLED), Options(out=out, listener=exporter))
    return exporter, read_tables(Path(out, "events.jsonl"))


def scrape(exporter: Exporter) -> Samples:
    """What Prometheus gets, by name and label values in the order of the labels' names."""
    with serve(exporter, 0) as address:
        request = Request(address, headers={"Accept": "application/openmetrics-text"})
        with urlopen(request, timeout=10) as response:
            assert response.headers["Content-Type"].startswith("application/openmetrics-text")
            text = response.read().decode()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


def test_counts_are_those_of_the_log(watched: tuple[Exporter, Tables]) -> None:
    exporter, tables = watched
    found = scrape(exporter)
    assert found["simnet_run_info", "troubled", "3", "committee"] == 1
    assert found["simnet_virtual_seconds",] == tables.ended["t"]
    assert found["simnet_tasks_total", "sent"] == len(tables.of("task_sent"))
    assert found["simnet_soft_latency_seconds_count",] == len(tables.of("task_answered"))
    assert found["simnet_events_total", "cheated"] == len(tables.of("cheated"))
    assert found["simnet_dishonest_acts_total", "answer", "quantize"] > 0
    gas = sum(value for name, value in found.items() if name[0] == "simnet_gas_total")
    assert gas == sum(row["gas_used"] for row in tables.transactions)


def test_frauds_by_outcome_add_up_and_finality_is_a_histogram_in_seconds(watched: tuple[Exporter, Tables]) -> None:
    found = scrape(watched[0])
    frauds = {name[2]: value for name, value in found.items() if name[:2] == ("simnet_frauds_total", "quantize")}
    assert frauds.keys() == {"detected", "finalised", "void", "open"}
    assert sum(frauds.values()) == found["simnet_metric", "fraud_committed", "count"]
    assert frauds["detected"] == found["simnet_metric", "fraud_detected", "count"] > 0
    settled = found["simnet_finality_latency_seconds_count",]
    assert settled == found["simnet_finality_latency_seconds_bucket", "+Inf"] > 0
    median = found["simnet_metric", "finality_latency_s.p50", "s"]
    within = [found["simnet_finality_latency_seconds_bucket", bound] for bound in ("10.0", "120.0")]
    assert within[0] < settled / 2 <= within[1]
    assert 10 < median <= 120
    assert found["simnet_time_to_detection_seconds_count",] == frauds["detected"]


def test_every_metric_with_a_value_is_there_under_the_names_that_expectations_read(
    watched: tuple[Exporter, Tables], troubled_run: Path
) -> None:
    found = {name[1]: value for name, value in scrape(watched[0]).items() if name[0] == "simnet_metric"}
    known = readings(load_run(troubled_run).results.metrics)
    assert found == {name: pytest.approx(value, rel=0.01) for name, value in known.items() if value is not None}


def test_before_a_run_begins_there_is_nothing_and_no_error() -> None:
    assert scrape(Exporter())["simnet_tasks_total", "sent"] == 0


def test_batches_are_open_until_they_are_final(watched: tuple[Exporter, Tables]) -> None:
    exporter, tables = watched
    posted = {row["batch"] for row in tables.event("BatchPosted")}
    final = {row["batch"] for row in tables.event("BatchFinal")}
    assert scrape(exporter)["simnet_batches_open",] == len(posted - final)


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with serve(Exporter(), 0) as address:
        port = urlsplit(address).port
        assert port is not None
        with pytest.raises(PortTaken, match=f"cannot serve metrics on 127.0.0.1:{port}: ") as refused:
            serve(Exporter(), port).__enter__()
    assert refused.value.hint
