"""A finished log: what it amounts to is what a fold that goes back at each reorg makes of it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from simnet.measure.catalogue import figures, measure
from simnet.measure.rows import Row
from simnet.verdict.finished import read_finished, reorgs_in
from tests.handmade import Handmade


def written(path: Path, rows: list[Row]) -> Path:
    """A log file of these rows."""
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def test_a_batch_that_a_reorg_took_back_never_was(tmp_path: Path) -> None:
    log = Handmade().join("inference", "n").join("client", "c").books("genesis")
    log.sent("x", "y").answered("x", "y").mine(1, number=1)
    log.at(2).mine(2, number=2).posted("a", "x").slashed("n", 5)
    log.add("chain_reorged", depth=1, first=2, transactions=1)
    log.at(6).mine(3, number=3).posted("b", "x", "y").final("b", accepted=2, paid=2)
    found = read_finished(written(tmp_path / "events.jsonl", log.ended().rows))
    assert (found.state.chain.posted, found.state.posted, found.state.chain.slashed) == (1, 2, 0)
    assert figures(found.state) == figures(measure(log.rows))
    (batches,) = [one for one in found.findings() if one.name == "final_was_posted"]
    assert (batches.held, batches.detail) == (True, "2 claims posted")


@pytest.mark.parametrize(
    "line",
    [
        b'{"i":0,"t":0.0,"kind":"chain_reorged","depth":[1],"first":2}',
        b'{"i":0,"t":0.0,"kind":"chain_reorged"}',
        b'{"i":0,"t":0.0,"kind":"chain_reorged","first":',
        b'["kind":"chain_reorged"]',
        b'[{"kind":"chain_reorged"}]',
    ],
)
def test_a_damaged_line_tells_of_no_reorg(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "log").write_bytes(line + b"\n")
    assert list(reorgs_in(tmp_path / "log")) == []
