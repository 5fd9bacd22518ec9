"""The command line's commands, options and layout; `cli.py` puts them together."""
