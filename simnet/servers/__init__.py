"""Servers by which external clients reach participants of a run: HTTP and JSON-RPC, on real sockets, at wall pace."""
