"""Under which rules the machine plays: a verification contract, its parameters, and what goes with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chain.deploy import ProverSpec, VerifierSpec
from chain.quantities import OPG, PARTS, Address
from chain.seam import Chain
from simnet.strategies.evidence.proof_deploy import deploy_circuits
from simnet.studies.fuzz.enclaves import CONTRACTS as TEE_CONTRACTS
from simnet.studies.fuzz.enclaves import deploy_enclaves
from simnet.studies.fuzz.governed import ARTIFACTS, GOVERNANCE, WALLETS
from simnet.studies.fuzz.statements import Statements, real, simulated

WINDOW_S = 200
"""How long everything may take here: each call takes a second."""

BOND = OPG // 10
CORE = ("OPG", "Staking", "ModelRegistry", "Settlement", "Beacon")
MODEL = bytes(31) + b"m"


def nothing(chain: Chain, deployer: Address) -> Sequence[ProverSpec]:
    """Deploy nothing before the protocol."""
    return ()


@dataclass(frozen=True)
class Setting:
    """A name, the verification contract, and how honest participants do their duty under it."""

    name: str
    duty: str
    """Name of the class in `duties` that does it."""
    verifier: VerifierSpec | None = None
    prepare: Callable[[Chain, Address], Sequence[ProverSpec]] = nothing
    """Deploys what must be there before, and names contracts that reject claims by proof."""
    also: tuple[str, ...] = ()
    """Contracts besides the protocol's own and the verifier."""
    quorum: tuple[int, int] = (2, 3)
    governed: bool = False
    """Whether the protocol is that of the economy: see `governed`."""

    @property
    def verifier_name(self) -> str:
        """Name of the verification contract; empty if there is none."""
        return self.verifier.artifact if self.verifier else ""

    @property
    def seats_all(self) -> bool:
        """Whether every active full node has a seat on each panel."""
        return (
            self.duty in ("CommitteeDuty", "EconomyDuty") and self.verifier is not None and not self.verifier.args[0][0]
        )

    @property
    def contracts(self) -> tuple[str, ...]:
        """Every contract that is called."""
        return (*CORE, *([self.verifier_name] if self.verifier_name else []), *self.also)

    def artifact(self, contract: str) -> str:
        """Which artifact a contract was deployed from."""
        return ARTIFACTS.get(contract, contract) if self.governed else contract


def panel(size: int = 0, commit_reveal: bool = True) -> tuple[Any, ...]:
    """Parameters of a panel: its size (0: everybody), and whether votes are committed first."""
    return (size, 2, 3, WINDOW_S, WINDOW_S, commit_reveal, 100, 10)


def rule(open_window: int = 0) -> tuple[int, ...]:
    """Parameters of a dispute."""
    return (WINDOW_S, open_window, WINDOW_S, BOND, 5_000)


def with_circuit(statements: Callable[[], Statements]) -> Callable[[Chain, Address], Sequence[ProverSpec]]:
    """Deploys the verifier of one circuit."""

    def prepare(chain: Chain, deployer: Address) -> Sequence[ProverSpec]:
        chain.fund(deployer)
        deploy_circuits(chain, deployer, [statements().circuit])
        return ()

    return prepare


def _spec(artifact: str, *args: Any, **more: Any) -> VerifierSpec:
    return VerifierSpec(artifact, args, **more)


HALF = PARTS // 2
PROVEN = _spec("Proven", (WINDOW_S, 5_000), (60, 2 * WINDOW_S, False), needs=("ZKMLEvidence",), proves=True)

SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("unverified", "Unverified"),
        Setting("committee", "CommitteeDuty", _spec("Committee", panel())),
        Setting("committee_by_lot", "CommitteeDuty", _spec("Committee", panel(size=3, commit_reveal=False))),
        Setting(
            "economy",
            "EconomyDuty",
            _spec("Committee", panel(commit_reveal=False)),
            also=("Rewards", *GOVERNANCE, *WALLETS),
            governed=True,
        ),
        Setting("sampling", "SamplingDuty", _spec("Sampling", panel(commit_reveal=False), (HALF, 2, 1, 1, 3))),
        Setting("optimistic", "DisputeDuty", _spec("Optimistic", panel(), rule())),
        Setting("optimistic_sealed", "DisputeDuty", _spec("Optimistic", panel(commit_reveal=False), rule(WINDOW_S))),
        Setting(
            "forced_error", "ForcedErrorDuty", _spec("ForcedError", panel(commit_reveal=False), rule(), (HALF, OPG))
        ),
        Setting(
            "attention_challenge",
            "AttentionDuty",
            _spec("AttentionChallenge", panel(commit_reveal=False), rule(), (HALF, 90, 5 * OPG, 4_000)),
        ),
        Setting("secret_seed", "SecretSeedDuty", _spec("SecretSeed", panel(), (HALF, 2_000, WINDOW_S, 900, 300))),
        Setting(
            "indexed_commitment",
            "IndexedDuty",
            _spec("IndexedCommitment", panel(commit_reveal=False), (8, WINDOW_S, WINDOW_S)),
        ),
        Setting(
            "attested",
            "AttestedDuty",
            _spec("Attested", (WINDOW_S, 5_000)),
            deploy_enclaves,
            ("SignedEvidence", "TEEEvidence", *TEE_CONTRACTS),
        ),
        Setting("proven", "ProvenDuty", PROVEN, with_circuit(simulated), ("ZKMLEvidence",)),
        Setting("circuit", "CircuitDuty", PROVEN, with_circuit(real), ("ZKMLEvidence",)),
    )
}
"""By name: each verification contract, with everybody on the panel so that what is promised holds for certain; a panel
by lot, and the economy's staking, settlement and rewards."""
