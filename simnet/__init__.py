"""The engine, the strategies and the command line."""
