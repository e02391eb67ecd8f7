"""The plots of a report: each module makes one family of them from a run."""
