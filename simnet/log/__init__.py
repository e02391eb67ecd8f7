"""The event log: records of the engine, and tables of them."""
