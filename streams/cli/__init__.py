"""`outages ...`: one module per group of commands, each a thin shell over what it calls."""

from streams.cli.app import main

__all__ = ["main"]
