"""What goes on chain: claims and their trees, signed digests, modes of proof."""
