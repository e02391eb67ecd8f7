"""The scenario file: its schema, and loading it with every error at its line and column."""
