"""A machine that calls every contract as nobody should, and holds what comes of it against what is promised."""
