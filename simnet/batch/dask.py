"""Workers of a Dask cluster: a local one, or one that runs already, on as many machines as it likes.

Run directories and the request to stop are files, so workers on other machines must share the study's directory.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

from chain.errors import SimnetError
from simnet.batch.processes import WorkerDied

LOCAL = "local"

CONNECT_TIMEOUT_S = 10

NEVER = "365 days"

P = ParamSpec("P")
T = TypeVar("T")


class DaskMissing(SimnetError):
    """Dask is not installed."""


class NoCluster(SimnetError):
    """The cluster cannot be reached."""


class Dask(Executor):
    """An executor whose workers are those of a cluster.

    A local cluster has `jobs` workers, each a process with one thread. Elsewhere the cluster decides, and tries work
    whose worker died again by itself, as often as its scheduler is set to.
    """

    def __init__(self, address: str, jobs: int) -> None:
        distributed = load()
        self._died = distributed.scheduler.KilledWorker
        self._cluster = local_cluster(jobs) if address == LOCAL else None
        try:
            self._client = distributed.Client(self._cluster or address, timeout=CONNECT_TIMEOUT_S)
        except (OSError, ValueError) as error:
            raise NoCluster(f"no Dask scheduler at {address}: {error}", "start one with: dask scheduler") from error

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have it done by a worker; all three are pickled. Its future raises `WorkerDied` if that came about."""
        try:
            theirs = self._client.submit(fn, *args, pure=False, **kwargs)
        except RuntimeError as error:  # the client has given its scheduler up
            raise NoCluster(f"the Dask scheduler is gone: {error}") from error
        ours: Future[T] = Future()
        theirs.add_done_callback(lambda future: self._settle(ours, future))
        return ours

    @property
    def address(self) -> str:
        """Of the scheduler."""
        return str(self._client.scheduler.address)

    @property
    def threads(self) -> int:
        """Of all workers together."""
        return int(sum(self._client.nthreads().values()))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, or end it if it is our own."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def _settle(self, ours: Future[T], theirs: Any) -> None:
        """Hand on what became of a task."""
        if theirs.status == "finished":
            ours.set_result(theirs.result())
        elif theirs.status == "error":
            error = theirs.exception()
            ours.set_exception(WorkerDied(str(error)) if isinstance(error, self._died) else error)
        else:
            ours.set_exception(WorkerDied(f"the scheduler says: {theirs.status}"))


def load() -> Any:
    """Dask's distributed. Raises `DaskMissing`."""
    try:
        import distributed
    except ImportError as error:
        raise DaskMissing("Dask is not installed", "it is an extra: pip install 'simnet[dask]'") from error
    return distributed


def threads_of(address: str) -> int:
    """How many runs the cluster can carry out at a time. Raises `NoCluster`."""
    with Dask(address, 1) as cluster:
        return cluster.threads


def local_cluster(jobs: int) -> Any:
    """Workers of this machine that tell of a death at once, and that take no work in advance which it would cost."""
    import dask
    from distributed import LocalCluster

    # A worker that dies is started again by its own nanny. Beside that, a cluster looks once after each death and takes
    # a worker that is absent at that moment, as it is after a second death, out for good, with the work it is starting.
    # It reads this when a worker dies, so it is set for as long as this process lives.
    dask.config.set({"distributed.deploy.lost-worker-timeout": NEVER})
    with dask.config.set({"distributed.scheduler.worker-saturation": 1.0}):
        return LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            processes=True,
            memory_limit=None,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"allowed_failures": 0, "dashboard": False},
        )
