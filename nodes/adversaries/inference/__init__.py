"""How inference nodes misbehave."""
