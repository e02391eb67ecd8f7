"""A run that goes on in a process of its own, and is steered from here."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chain.errors import SimnetError
from dashboards.child import serve
from simnet.kernel.inbox import Order

if TYPE_CHECKING:
    from simnet.run import Finished
    from simnet.scenario.schema import Scenario

END_S = 30.0
"""How long a run that was asked to stop may take to write what it found."""


class EngineCrashed(SimnetError):
    """The engine's process ended in a way that nobody foresaw."""


class Engine:
    """The other end of `dashboards.child`."""

    def __init__(
        self, scenario: Scenario, out: Path | None, speed: float, command: str, *, force: bool = False
    ) -> None:
        self.scenario = scenario
        self.speed = speed
        self.paused = False
        self.log: Path | None = None
        self.finished: Finished | None = None
        self.error: SimnetError | None = None
        """Why it ended without a result."""
        self.on_refusal: Callable[[str], None] = lambda _: None
        """Called with the reason why an injection was not made."""
        self._errors = tempfile.NamedTemporaryFile("r", prefix="simnet-engine-", errors="replace")  # noqa: SIM115
        context = multiprocessing.get_context("spawn")  # a fork would copy the dashboard's threads and terminal
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs, scenario, out, force, speed, command, self._errors.name), name="simnet engine"
        )
        self._process.start()
        theirs.close()

    @property
    def running(self) -> bool:
        """Whether there is more to come."""
        return self.finished is None and self.error is None

    @property
    def crashed(self) -> bool:
        """Whether it ended without a result."""
        return self.error is not None

    # -- what it says --------------------------------------------------------------------------------------

    def poll(self, timeout_s: float = 0.0) -> None:
        """Take in what it has said, waiting for something for so long at the most."""
        try:
            while self.running and self._connection.poll(timeout_s):
                self._hear(*self._connection.recv())
                timeout_s = 0.0
        except (EOFError, OSError):
            self._process.join()
            self.error = EngineCrashed(self._last_words(), "run it with --headless to see how that came about")

    def _hear(self, what: str, content: Any) -> None:
        match what:
            case "began":
                self.log = content
            case "refused":
                self.on_refusal(content)
            case "finished":
                finished, failure = content
                self.finished = replace(finished, failure=failure and rebuilt(*failure))
            case "failed":
                self.error = rebuilt(*content)
            case "crashed":
                self.error = EngineCrashed(content)

    def _last_words(self) -> str:
        """How the process ended, and the end of what it wrote to stderr."""
        code = self._process.exitcode or 0
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        written = "\n".join(Path(self._errors.name).read_text(errors="replace").splitlines()[-10:])
        return f"the engine's process ended {how}" + (f"\n{written}" if written else "")

    # -- what it is told -----------------------------------------------------------------------------------

    def _tell(self, order: Order) -> None:
        try:
            if self.running:
                self._connection.send(order)
        except OSError:
            self.poll()

    def toggle(self) -> None:
        """Pause, or go on."""
        self.paused = not self.paused
        self._tell(Order("pause" if self.paused else "go"))

    def step(self, kind: str = "") -> None:
        """Run on to the next record of a kind, of any if empty, and pause there."""
        self.paused = True
        self._tell(Order("step", kind))

    def set_speed(self, speed: float) -> None:
        """Let so many simulated seconds pass in a real one; 0 for as fast as it goes."""
        self.speed = speed
        self._tell(Order("speed", speed=speed))

    def inject(self, text: str) -> None:
        """Inject a fault or an adversary, written as in a scenario file."""
        self._tell(Order("inject", text))

    def stop(self) -> None:
        """End the run with what there is."""
        self._tell(Order("stop"))

    def wait(self) -> None:
        """Wait until it is over, and then for its process. Ctrl-C ends the wait and the process."""
        try:
            while self.running:
                self.poll(1.0)
        except KeyboardInterrupt:
            self._process.kill()
            raise
        finally:
            self._process.join(END_S)
            if self._process.is_alive():
                self._process.kill()
            self._connection.close()
            self._errors.close()

    def result(self) -> Finished:
        """What came of it. Raises `SimnetError` if nothing did."""
        if self.finished is None:
            assert self.error is not None
            raise self.error
        return self.finished


def rebuilt(message: str, hint: str | None, exit_code: int) -> SimnetError:
    """An error of the other process."""
    error = SimnetError(message, hint)
    error.exit_code = exit_code
    return error
