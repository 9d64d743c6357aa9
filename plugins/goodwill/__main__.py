"""`python -m goodwill`: the command line."""

from goodwill.cli import main

main()
