"""Zero-knowledge proofs of inferences: who makes them, how a node presents them, how full nodes verify them."""
