"""What a command does in a fresh process."""

import subprocess
import sys

__all__ = ["HEAVY", "imported"]

HEAVY = ("torch", "open_clip", "sentence_transformers", "transformers", "sknetwork")


def imported(*arguments: object) -> set[str]:
    """Which modules a command leaves imported in a fresh process."""
    code = (
        "import sys; sys.argv = ['frametrace', *sys.argv[1:]]\n"
        "from frametrace.app.cli import main\n"
        "try: main()\n"
        "except SystemExit as done: assert not done.code, done.code\n"
        "print(' '.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())
