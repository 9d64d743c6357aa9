"""The customer months of a generated shop, by us and by the tools one would take instead: `python -m bench.marts`."""
