"""How clients misbehave."""
