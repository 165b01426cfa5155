"""`python -m lutdla`: the command line."""

from lutdla.cli import main

main()
