"""Inference that contracts ask for: the native functions' code, the inference node's half, and who runs workflows."""
