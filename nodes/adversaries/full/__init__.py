"""How full nodes misbehave."""
