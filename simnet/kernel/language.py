"""The language model behind a gateway."""

from __future__ import annotations

from collections.abc import Mapping

from nodes.effects import Complete
from nodes.gateway.completion import Completion, LanguageModel
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import Handler, Task


class Language(Facility):
    """Answers what a gateway is asked."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Completions."""
        return {Complete: self._complete}

    def _complete(self, _: Task, effect: Complete) -> Completion:
        return self._model.complete(effect.body)
