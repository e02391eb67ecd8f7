"""The terminal dashboard: a viewer of the event log."""
