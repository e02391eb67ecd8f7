"""What honest participants do under each verification contract."""
