"""Windows over the panels: a participant, an inference, a batch, one row of the log, the filter, the keys."""
