"""What a run measured, computed from its log."""
