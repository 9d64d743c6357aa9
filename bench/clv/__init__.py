"""Customer value at scale: fit, score and write, against lifetimes straight: `python -m bench.clv --customers 1000000`."""
