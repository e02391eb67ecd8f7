"""What somebody chose for the dashboard and keeps from run to run: the theme, and which events the feed shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import orjson
from platformdirs import user_config_path

from nodes.records import GROUPS

FILE = "dashboard.json"


def default_file() -> Path:
    """Where they are kept."""
    return user_config_path("simnet") / FILE


@dataclass
class Settings:
    """Choices, and the file that keeps them; ``None`` keeps nothing."""

    file: Path | None = None
    theme: str = ""
    groups: tuple[str, ...] = field(default_factory=tuple)

    def keep(self, *, theme: str, groups: tuple[str, ...]) -> None:
        """Write them if they changed; a place that cannot be written to keeps nothing."""
        if (self.theme, self.groups) == (theme, groups):
            return
        self.theme, self.groups = theme, groups
        if self.file is None:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_bytes(orjson.dumps({"theme": theme, "groups": list(groups)}))
        except OSError:
            self.file = None


def read_settings(file: Path) -> Settings:
    """What the file says; whatever is not understood is left at its default."""
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        found = None
    if not isinstance(found, dict):
        return Settings(file)
    theme, groups = found.get("theme"), found.get("groups")
    known = tuple(group for group in GROUPS if isinstance(groups, list) and group in groups)
    return Settings(file, theme if isinstance(theme, str) else "", known)
