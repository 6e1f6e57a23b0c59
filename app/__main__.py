"""`python -m frametrace.app`: the command `frametrace`, for where scripts are not on the path."""

from frametrace.app.cli import main

main()
