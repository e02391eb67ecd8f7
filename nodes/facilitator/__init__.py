"""The facilitator: verifies payments, collects them on chain, and records inferences."""
