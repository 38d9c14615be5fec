"""`python -m math500` is the `math500` command."""

from math500.cli import main

main()
