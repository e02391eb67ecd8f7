"""Every error simnet raises on purpose descends from `SimnetError`.

What each means is said at its class.

::

    SimnetError               exit 4   chain.errors
    ├── BadMetric             exit 4   simnet.measure.catalogue
    ├── BadModel              exit 2   nodes.models.files
    ├── BadPlugin             exit 4   simnet.plugins
    ├── BadSeeds              exit 2   simnet.cli.cases
    ├── CannotGoOn            exit 2   simnet.up.home
    ├── CannotHost            exit 2   simnet.up.devnet
    ├── CannotListen          exit 2   simnet.servers.http
    ├── ChainError            exit 4   chain.errors
    │   ├── CallReverted      exit 4   chain.errors
    │   ├── ChainDied         exit 4   chain.errors
    │   ├── ChainStartFailed  exit 4   chain.errors
    │   ├── CompileFailed     exit 4   chain.evm.compile
    │   ├── RpcFailed         exit 4   chain.errors
    │   └── ToolMissing       exit 4   chain.errors
    ├── ClientMissing         exit 4   simnet.up.client
    ├── DaskMissing           exit 4   simnet.batch.dask
    ├── DirectoryTaken        exit 2   simnet.lock
    ├── EngineCrashed         exit 4   dashboards.live_run
    ├── InputRefused          exit 4   nodes.models.tensors
    ├── LogError              exit 2   simnet.log.file
    ├── MalformedDocument     exit 4   nodes.enclave.nitro
    ├── ModelDiffers          exit 4   simnet.economy.study
    ├── ModelMissing          exit 4   simnet.up.language
    ├── NoCluster             exit 4   simnet.batch.dask
    ├── NoSuchCase            exit 2   simnet.studies.truth.suite
    ├── NoSuchPlace           exit 2   dashboards.player
    ├── NoSuchRun             exit 2   simnet.cli.watch
    ├── NoTerminal            exit 2   simnet.cli.watch
    ├── NotInjected           exit 2   simnet.cli.inject
    ├── NotPortable           exit 4   nodes.models.portable
    ├── NothingFits           exit 2   simnet.cli.cases
    ├── NothingFound          exit 2   dashboards.scene
    ├── NothingShown          exit 4   simnet.bench.viewers
    ├── OutputError           exit 4   simnet.run
    ├── ParameterError        exit 2   nodes.parameters
    │   ├── BadFault          exit 2   simnet.up.faults
    │   ├── ExpectationError  exit 2   simnet.verdict.expectations
    │   ├── InjectionError    exit 2   simnet.world.injection
    │   └── UnknownKey        exit 2   nodes.parameters
    ├── PortTaken             exit 2   reports.openmetrics
    ├── ProbeFailed           exit 4   simnet.studies.equilibrium.probe
    ├── ProofFailed           exit 4   nodes.proofs.circuits.pool
    ├── Refused               exit 4   nodes.enclave.attestation
    ├── RunFailed             exit 4   simnet.studies.whatif.whatif
    ├── ScenarioErrors        exit 2   simnet.scenario.errors
    │   └── CannotRunHere     exit 2   simnet.scenario.errors
    ├── SearchInterrupted     exit 3   simnet.studies.equilibrium.probe
    ├── SensitivityMissing    exit 4   simnet.economy.sensitivity
    ├── UnitError             exit 2   chain.units
    ├── UnknownBehaviour      exit 2   simnet.cli.behaviours_page
    ├── UnknownFault          exit 2   simnet.cli.faults_page
    ├── UnreadableRun         exit 2   reports.source
    ├── UnsupportedRequest    exit 2   nodes.enclave.canonical
    ├── UploadFailed          exit 2   simnet.cli.upload
    ├── WorkerLost            exit 4   simnet.studies.fuzz.carry_out
    └── ZkmlMissing           exit 4   nodes.proofs.circuits.library
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chain.seam import Revert


class SimnetError(Exception):
    """Something simnet can explain. `str(error)` says what was wrong and where.

    `hint` is one line that says what to do about it; `exit_code` is what the command line ends with.
    """

    exit_code = 4

    def __init__(self, message: str, hint: object = None) -> None:
        super().__init__(message)
        self.unread_hint = hint
        """What becomes the hint when somebody reads it: finding the nearest of many names takes its time."""

    @property
    def hint(self) -> str | None:
        """What to do about it."""
        return None if self.unread_hint is None else str(self.unread_hint)


class ChainError(SimnetError):
    """The chain, or the tool behind it, failed."""


class ToolMissing(ChainError):
    """An external program is absent or has a version that simnet does not know."""


class ChainStartFailed(ChainError):
    """The chain process did not start, or something else answered in its place."""


class ChainDied(ChainError):
    """The chain process ended while the run still needed it."""


class RpcFailed(ChainError):
    """The chain refused a JSON-RPC request."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {message} (JSON-RPC error {code})")
        self.method = method
        self.code = code


class CallReverted(ChainError):
    """A call that must succeed reverted."""

    def __init__(self, contract: str, function: str, revert: Revert) -> None:
        super().__init__(f"{contract}.{function} reverted: {revert}")
        self.contract = contract
        self.function = function
        self.revert = revert
