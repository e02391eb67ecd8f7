"""What a log says about zero-knowledge proofs, and about evidence that somebody tampered with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from simnet.measure import enclaves as attested

if TYPE_CHECKING:
    from simnet.log.tables import Tables
    from simnet.measure.metrics import Figures, Measured

UNPROVEN = b"unproven"


def refused(tables: Tables) -> tuple[int, int]:
    """Proofs that the chain refused, and all that it was shown."""
    shown = [row for row in tables.transactions if row["contract"] == "Proven" and row["function"] == "prove"]
    return sum(bool(row["revert"]) for row in shown), len(shown)


def unproven(tables: Tables) -> int:
    """Claims that were rejected because nobody proved them in time."""
    reasons = (bytes.fromhex(row["reason"].removeprefix("0x")) for row in tables.event("ClaimRejected"))
    return sum(reason.rstrip(b"\0") == UNPROVEN for reason in reasons)


def waiting(tables: Tables) -> pd.Series[Any]:
    """Seconds that each proof waited for a prover."""
    return pd.Series([row["waits_s"] for row in tables.of("proving")], dtype=float)


def figures_of(figures: Figures) -> dict[str, Measured]:
    """Metrics of proofs."""
    tables, frame = figures.tables, figures.claims
    gaps = [row["deviation"] for row in tables.of("circuit_answered")]
    agreed = [row["agrees"] for row in tables.of("circuit_answered")]
    tampered = frame[frame.index.isin(attested.abused(tables)) & frame["posted"].notna()]
    return {
        "proofs_verified": (len(tables.event("ClaimProven")),) * 2,
        "proofs_refused": refused(tables),
        "unproven_claims": (unproven(tables), len(tables.event("ClaimProven"))),
        "circuit_gap": (max(gaps), len(gaps)) if gaps else (None, 0),
        "circuit_agreement": (sum(agreed) / len(agreed), len(agreed)) if agreed else (None, 0),
        "tampered_evidence": (len(tampered), len(frame)),
        "tampered_evidence_finalised": (int((tampered["outcome"] == "accepted").sum()), len(tampered)),
    }
