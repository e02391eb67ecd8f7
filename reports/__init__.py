"""What a run leaves for people and for machines: a viewer of the event log."""
