"""From a scenario to a world that is ready to run."""
