"""Runs the command `frametrace` as `python -m frametrace.app`, where scripts aren't on the path."""

from frametrace.app.cli import main

main()
