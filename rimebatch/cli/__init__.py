"""The command line: options, exit codes, what people see; the only ``trio.run``.

`main` names the commands and imports one only when it is called for, so that help
comes at once. This room alone reads the clock, the environment and the terminal.
"""
