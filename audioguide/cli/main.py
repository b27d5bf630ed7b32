"""Puts the commands together, and turns every error into one line and an exit code.

0 done, 1 an error that a user can mend, 2 wrong usage, 3 a bug (with its traceback), 130 Ctrl-C.
"""

import os
import re
import signal
import sys
import traceback
from typing import Annotated, Any, NoReturn

import typer

from audioguide.cli import build, care, listen, phone, record, rehearse, shelves, wording
from audioguide.errors import AudioguideError, ScriptError, ScriptErrors

_UsageError: Any = typer.BadParameter.__base__
"""click's UsageError; typer has carried a click of its own since 0.24, so click cannot be asked for it."""

_MOST_ERRORS = 30
"""How many mistakes are told at once."""

app = typer.Typer(
    name="audioguide",
    help="Voice-guided audio sessions of exactly the length you choose.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # it would take [pause 6s] in a help text for a colour
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (build, listen, care, phone, shelves, record, rehearse, wording):
    app.registered_commands += room.app.registered_commands


def _print_version(wanted: bool) -> None:
    if wanted:
        from audioguide import __version__

        typer.echo(f"audioguide {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Voice-guided audio sessions of exactly the length you choose.

    Start with: audioguide build 20
    """


def run(arguments: list[str]) -> int:
    """Return the exit code of a command line; prints what it has to say."""
    try:
        code = app(args=arguments, prog_name="audioguide", standalone_mode=False)
    except AudioguideError as error:
        return _fail_expected(error)
    except _UsageError as error:
        return _fail(_usage(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except OSError as error:  # a full disk behind stdout, a folder that was removed: the machine's, not ours
        return _fail(f"the system refused: {error}", 1)
    except SystemExit as stop:  # typer's, when the reader of a pipe, such as head, has seen enough
        return 0 if stop.code == 1 else int(stop.code or 0)
    except Exception:
        traceback.print_exc()
        return _fail("this is a bug in audioguide; please report the lines above", 3)
    if code == 130:
        return _fail("stopped; nothing was left half-written", 130)
    return code if isinstance(code, int) else 0


def _fail(words: str, code: int) -> int:
    if words:
        print(" ".join(words.split()), file=sys.stderr)
    return code


def _fail_expected(error: AudioguideError) -> int:
    """Print a line for each thing that is wrong, and under it the place where that is known."""
    errors = error.errors if isinstance(error, ScriptErrors) else (error,)
    for one in errors[:_MOST_ERRORS]:
        _fail(str(one), 1)
        for line in one.excerpt() if isinstance(one, ScriptError) else ():
            print(f"    {line}", file=sys.stderr)
    if len(errors) > _MOST_ERRORS:
        _fail(f"and {len(errors) - _MOST_ERRORS} more; mend these first", 1)
    return 1


def _usage(error: Any) -> str:
    words = error.format_message().rstrip(".")
    if not words:  # no command: typer has printed the help
        return ""
    option = getattr(error, "option_name", "")
    if re.match(r"-[\d.]", option):
        words = f"{option} is not a length; a session is longer than nothing, such as 5 or 7:30"
    command = error.ctx.command_path if error.ctx else "audioguide"
    return f"{words}; `{command} --help` tells how it is used"


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was begun is tidied up
    leave(run(sys.argv[1:]))


def leave(code: int) -> NoReturn:
    """End this process; at once where a thread still works on what nobody waits for, such as after Ctrl-C."""
    crew = sys.modules.get("audioguide.crew")
    if crew is None or crew.settle(0):
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
