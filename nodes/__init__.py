"""Participants of the network: who they are, what they do, and how some of them cheat."""
