"""Proofs of inference: real halo2/KZG proofs by ezkl that a circuit, compiled from a zoo model, gave an output."""
