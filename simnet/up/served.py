"""How soon and how fast a gateway answered, by its log."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from nodes.payments import TextServed
from nodes.records import Record


@dataclass
class Served:
    """What was answered, and in what time. `hear` takes the log."""

    first_s: list[float] = field(default_factory=list)
    """Of streamed answers, to their first part."""
    answers: int = 0
    tokens: int = 0
    model_s: float = 0.0

    def hear(self, _: float, record: Record) -> None:
        """Take in a record."""
        if not isinstance(record, TextServed) or not record.heard:
            return
        self.answers += 1
        self.tokens += record.tokens_out
        self.model_s += record.model_s
        if record.streamed:
            self.first_s.append(record.first_s)

    @property
    def says(self) -> str:
        """What it comes to, in a line."""
        parts = [f"{self.answers} answers, {self.tokens} tokens"]
        if self.first_s:
            parts.append(f"first token after {median(self.first_s):.3f} s at the median of {len(self.first_s)} streams")
        if self.model_s:
            parts.append(f"{self.tokens / self.model_s:.1f} tokens a second while the model spoke")
        return "; ".join(parts)
