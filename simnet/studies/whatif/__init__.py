"""Two parameter sets on the same scenarios and seeds: the page for a vote."""
