"""The chains that a run can use: anvil over JSON-RPC, and revm in process."""
