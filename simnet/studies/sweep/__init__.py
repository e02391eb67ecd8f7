"""One scenario over a grid of its own values: what each figure does as a parameter changes."""
