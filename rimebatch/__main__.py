"""``python -m rimebatch`` is the command line."""

from rimebatch.cli.main import main

main()
