"""The engine: carries out participants' effects on a simulated clock, network and chain."""
