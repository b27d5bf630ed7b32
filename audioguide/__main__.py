"""The program: answers at once what needs no command line put together, and hands on everything else."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from audioguide.again import Told

_REMEMBERED = ("build", "rehearse")
"""The commands whose outcome is taken down."""
_TIDY_S = 0.5


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
        from audioguide.version import __version__

        print(f"audioguide {__version__}")
    elif told := _told_before(arguments):
        _leave(_tell(told))
    else:
        _leave(_run(arguments))


def _told_before(arguments: Sequence[str]) -> "Told | None":
    if not arguments or arguments[0] not in _REMEMBERED:
        return None
    from audioguide.again import recall
    from audioguide.errors import InputError
    from audioguide.store import open_store

    try:
        return recall(arguments, open_store(_cache(arguments)))
    except InputError:  # the command line tells it
        return None


def _tell(told: "Told") -> int:
    """Say what was told before, and return the exit code."""
    try:
        for stream, words in ((sys.stdout, told.out), (sys.stderr, told.err)):
            if stream is not None:
                stream.write(words)
                stream.flush()
    except BrokenPipeError:  # its reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"the system refused: {error}", file=sys.stderr)
        return 1
    return 0


def _cache(arguments: Sequence[str]) -> str | None:
    """Return the folder behind --cache; where that is written in another way, nothing is found there, and no harm done.

    >>> _cache(["build", "5", "--cache", "here"]), _cache(["build", "5", "--cache=here"]), _cache(["build", "5"])
    ('here', 'here', None)
    """
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, value = word.partition("=")
        if name == "--cache":
            return value or following or None
    return None


def _run(arguments: list[str]) -> int:
    try:
        from audioguide.cli import options
        from audioguide.cli.main import run
    except KeyboardInterrupt:  # while all of it is loaded, with nothing begun yet
        return 130
    options.ARGUMENTS = arguments
    return run(arguments)


def _leave(code: int) -> NoReturn:
    """End this process, soon also where a thread still works on what nobody waits for, such as after Ctrl-C.

    What it is at, such as a file that it writes, it may bring to its end.
    """
    crew = sys.modules.get("audioguide.crew")
    if crew is None or crew.settle(_TIDY_S):
        sys.exit(code)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
