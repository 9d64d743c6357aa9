"""Benches: commands that make their own input from a seed, measure, and print what they found."""
