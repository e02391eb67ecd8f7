"""A scenario on the command line: a file, or the name of one that comes with simnet; a shell completes both."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem


class ScenarioName(click.Path):
    """What `simnet.shipped.find_scenario` finds."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names of scenarios that come with simnet, and files."""
        from simnet.shipped import names

        known = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        return [*known, *super().shell_complete(ctx, param, incomplete)]
