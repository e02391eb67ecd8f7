"""Ground truth: published formulas held against simulation, so that the harness itself can be found wrong."""
