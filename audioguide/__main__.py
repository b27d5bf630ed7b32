"""The entry point of `audioguide` and `python -m audioguide`."""

import os
import signal
import sys
from typing import NoReturn

_TIDY_S = 0.5
"""How long threads may take to finish what they are writing before the process exits."""


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    for name in ("SIGTERM", "SIGHUP"):  # so that what was begun is tidied up, when a window is closed too
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from audioguide.core.version import __version__

        print(f"audioguide {__version__}")
    else:
        _leave(_run(arguments))


def _run(arguments: list[str]) -> int:
    try:
        from audioguide.cli.main import run
    except KeyboardInterrupt:  # while all of it is loaded, with nothing begun yet
        return 130
    return run(arguments)


def _leave(code: int) -> NoReturn:
    """End this process, soon also where a thread still works on what nobody waits for, such as after Ctrl-C.

    What it is at, such as a file that it writes, it may bring to its end.
    """
    threads = sys.modules.get("audioguide.core.threads")
    if threads is None or threads.join_all(_TIDY_S):
        sys.exit(code)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
