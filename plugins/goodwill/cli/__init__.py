"""The command line: make a home, check it, run its night, see how nights went."""

from goodwill.cli.app import main

__all__ = ["main"]
