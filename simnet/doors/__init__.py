"""Doors by which programs outside reach participants of a run: HTTP and JSON-RPC, on real sockets, at wall pace."""
