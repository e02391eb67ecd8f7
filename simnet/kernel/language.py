"""The language model behind a gateway.

One that takes its time works in a thread of its own; what it says comes in through the inbox, and nobody's clock waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nodes.effects import Begin, Complete, NextPart, StopGeneration
from nodes.gateway.completion import Generation, LanguageModel
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import WAITS, Handler, Scheduler, Task


class Language(Facility):
    """Answers what a gateway is asked."""

    def __init__(self, model: LanguageModel, scheduler: Scheduler) -> None:
        self._model = model
        self._scheduler = scheduler
        self._generations: dict[Generation, tuple[Task | None, bool]] = {}
        """Those going on, who waits for each, and whether for its end."""

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Answers, whole or part by part."""
        return {Complete: self._complete, Begin: self._begin, NextPart: self._next, StopGeneration: self._stop}

    def crash(self) -> None:
        """Nobody waits any more."""
        for generation in self._generations:
            generation.is_unwanted = True
        self._generations.clear()

    def _complete(self, task: Task, effect: Complete) -> Any:
        generation = self._start(effect.body)
        return generation if generation.is_over else self._wait(task, generation, for_the_end=True)

    def _begin(self, _: Task, effect: Begin) -> Generation:
        return self._start(effect.body)

    def _next(self, task: Task, effect: NextPart) -> Any:
        generation = effect.generation
        if generation.heard == len(generation.parts):
            return None if generation.is_over else self._wait(task, generation, for_the_end=False)
        generation.heard += 1
        part = generation.parts[generation.heard - 1]
        if not self._model.seconds_per_token:
            return part
        self._scheduler.after(self._model.seconds_per_token, task.resume, part)
        return WAITS

    def _stop(self, _: Task, effect: StopGeneration) -> None:
        effect.generation.is_unwanted = True
        self._generations.pop(effect.generation, None)

    def _start(self, body: Mapping[str, Any]) -> Generation:
        """Have the model begin."""

        def tell(change: Callable[[], None]) -> None:
            self._scheduler.inbox.put(lambda: self._heard(generation, change))

        generation = self._model.begin(body, tell)
        if not generation.is_over:
            self._generations[generation] = (None, False)
        return generation

    def _wait(self, task: Task, generation: Generation, for_the_end: bool) -> Any:
        self._generations[generation] = (task, for_the_end)
        return WAITS

    def _heard(self, generation: Generation, change: Callable[[], None]) -> None:
        """Take in what the model says, and tell whoever waits for it."""
        if generation not in self._generations:
            return
        change()
        task, for_the_end = self._generations[generation]
        if generation.is_over:
            del self._generations[generation]
        if task is None or (for_the_end and not generation.is_over):
            return
        if not generation.is_over:
            self._generations[generation] = (None, False)
        if for_the_end:
            task.resume(generation)
        elif generation.heard < len(generation.parts):
            generation.heard += 1
            task.resume(generation.parts[generation.heard - 1])
        else:
            task.resume(None)
