"""The language model behind a gateway.

One that takes its time works in a thread of its own; what it says comes in through the inbox, and nobody's clock waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nodes.effects import Begin, Complete, Hush, NextPart
from nodes.gateway.completion import LanguageModel, Speech
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import WAITS, Handler, Scheduler, Task


class Language(Facility):
    """Answers what a gateway is asked."""

    def __init__(self, model: LanguageModel, scheduler: Scheduler) -> None:
        self._model = model
        self._scheduler = scheduler
        self._speeches: dict[Speech, tuple[Task | None, bool]] = {}
        """Those going on, who waits for each, and whether for its end."""

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Answers, whole or part by part."""
        return {Complete: self._complete, Begin: self._begin, NextPart: self._next, Hush: self._hush}

    def crash(self) -> None:
        """Nobody waits any more."""
        for speech in self._speeches:
            speech.is_unwanted = True
        self._speeches.clear()

    def _complete(self, task: Task, effect: Complete) -> Any:
        speech = self._start(effect.body)
        return speech if speech.is_over else self._wait(task, speech, for_the_end=True)

    def _begin(self, _: Task, effect: Begin) -> Speech:
        return self._start(effect.body)

    def _next(self, task: Task, effect: NextPart) -> Any:
        speech = effect.speech
        if speech.heard == len(speech.parts):
            return None if speech.is_over else self._wait(task, speech, for_the_end=False)
        speech.heard += 1
        part = speech.parts[speech.heard - 1]
        if not self._model.seconds_per_token:
            return part
        self._scheduler.after(self._model.seconds_per_token, task.resume, part)
        return WAITS

    def _hush(self, _: Task, effect: Hush) -> None:
        effect.speech.is_unwanted = True
        self._speeches.pop(effect.speech, None)

    def _start(self, body: Mapping[str, Any]) -> Speech:
        """Have the model begin."""

        def tell(change: Callable[[], None]) -> None:
            self._scheduler.inbox.put(lambda: self._heard(speech, change))

        speech = self._model.begin(body, tell)
        if not speech.is_over:
            self._speeches[speech] = (None, False)
        return speech

    def _wait(self, task: Task, speech: Speech, for_the_end: bool) -> Any:
        self._speeches[speech] = (task, for_the_end)
        return WAITS

    def _heard(self, speech: Speech, change: Callable[[], None]) -> None:
        """Take in what the model says, and tell whoever waits for it."""
        if speech not in self._speeches:
            return
        change()
        task, for_the_end = self._speeches[speech]
        if speech.is_over:
            del self._speeches[speech]
        if task is None or (for_the_end and not speech.is_over):
            return
        if not speech.is_over:
            self._speeches[speech] = (None, False)
        if for_the_end:
            task.resume(speech)
        elif speech.heard < len(speech.parts):
            speech.heard += 1
            task.resume(speech.parts[speech.heard - 1])
        else:
            task.resume(None)
