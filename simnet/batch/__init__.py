"""Many runs at a time: what a study submits, who carries it out, and what is kept of it."""
