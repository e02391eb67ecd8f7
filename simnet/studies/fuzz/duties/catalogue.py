"""The duties by name, as settings have them."""

from __future__ import annotations

from simnet.studies.fuzz.duties.attested import AttestedDuty
from simnet.studies.fuzz.duties.base import Unverified
from simnet.studies.fuzz.duties.disputes import AttentionDuty, DisputeDuty, ForcedErrorDuty
from simnet.studies.fuzz.duties.economy import EconomyDuty
from simnet.studies.fuzz.duties.panels import CommitteeDuty, IndexedDuty, SamplingDuty, SecretSeedDuty
from simnet.studies.fuzz.duties.proven import CircuitDuty, ProvenDuty

DUTIES = {
    duty.__name__: duty
    for duty in (
        Unverified,
        CommitteeDuty,
        EconomyDuty,
        SamplingDuty,
        DisputeDuty,
        ForcedErrorDuty,
        AttentionDuty,
        SecretSeedDuty,
        IndexedDuty,
        AttestedDuty,
        ProvenDuty,
        CircuitDuty,
    )
}
