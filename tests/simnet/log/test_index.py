"""The index finds whatever a row is about: participants, tasks and batches."""

from __future__ import annotations

import pytest

from simnet.log.index import Index
from tests.handmade import Handmade
from tests.recordings import recorded_rows

SENDER = "0x" + "5" * 40


@pytest.fixture(scope="module")
def index() -> Index:
    """The index of the recorded run."""
    found = Index()
    for row in recorded_rows():
        found.add(row, 0)
    return found


def about(index: Index, subject: str, event: str) -> list[int]:
    """Contract events of one name that are about something."""
    rows = recorded_rows()
    return [i for i in index.about(subject, len(rows)) if rows[i].get("event") == event]


def test_every_slash_is_about_who_was_slashed_and_about_its_batch(index: Index) -> None:
    rows = recorded_rows()
    names = {row["address"]: row["name"] for row in rows if row["kind"] == "participant_joined"}
    slashes = [row for row in rows if row.get("event") == "Slashed"]
    assert slashes
    for row in slashes:
        assert row["subject"] in index.batches
        assert row["i"] in index.about(row["subject"], len(rows))
        assert row["i"] in index.about(names[row["args"]["node"]], len(rows))


def test_a_draw_is_about_everybody_who_was_drawn(index: Index) -> None:
    rows = recorded_rows()
    draw = next(row for row in rows if row.get("event") == "CommitteeDrawn")
    names = {row["address"]: row["name"] for row in rows if row["kind"] == "participant_joined"}
    for member in draw["args"]["members"]:
        assert draw["i"] in about(index, names[member], "CommitteeDrawn")


def test_a_rejected_claim_is_about_its_task(index: Index) -> None:
    rejected = next(row for row in recorded_rows() if row.get("event") == "ClaimRejected")
    assert rejected["i"] in about(index, rejected["args"]["task"], "ClaimRejected")


def test_the_address_of_nobody_in_the_run_is_nothing_to_open() -> None:
    log, index = Handmade().mine(), Index()
    log.add("transaction_mined", block=1, sender=SENDER, contract="C", function="f", subject="", gas_used=0, revert="")
    log.event("Transfer", "OPG", **{"from": SENDER, "to": SENDER, "value": "1"})
    for row in log.rows:
        index.add(row, 0)
    assert not index.knows(SENDER)


def test_every_row_is_in_one_group(index: Index) -> None:
    assert sum(index.count_groups().values()) == len(recorded_rows())
    assert index.count_groups()["other"] == 0
