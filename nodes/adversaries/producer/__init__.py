"""How block producers misbehave."""
