"""Puts the commands together, and turns every error into one line and an exit code.

0 done, 1 an error that a user can mend, 2 wrong usage, 3 a bug (with its traceback), 130 Ctrl-C.
"""

import re
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from audioguide.cli import batch, build, phone, picture, rehearse
from audioguide.cli import cache as upkeep
from audioguide.cli import check as wording
from audioguide.cli import lines as record
from audioguide.cli import practices as shelves
from audioguide.cli import say as listen
from audioguide.cli import verify as care
from audioguide.core.errors import AudioguideError, ScriptError, ScriptErrors

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
for room in (build, listen, care, picture, phone, shelves, record, rehearse, wording, batch, upkeep):
    app.registered_commands += room.app.registered_commands
    app.registered_groups += room.app.registered_groups


def _print_version(wanted: bool) -> None:
    if wanted:
        from audioguide.core.version import __version__

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
        return _fail(gone, 1) if (gone := _gone_folder()) else _fail_expected(error)
    except _UsageError as error:
        return _tell_help(error) if _is_help(error) else _fail(_usage(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except OSError as error:  # a full disk behind stdout, a folder that was removed: the machine's, not ours
        return _fail(_gone_folder() or f"the system refused: {error}", 1)
    except SystemExit as stop:  # typer's, when the reader of a pipe, such as head, has seen enough
        return 0 if stop.code == 1 else int(stop.code or 0)
    except Exception:
        traceback.print_exc()
        return _fail("this is a bug in audioguide; please report the lines above", 3)
    if code == 130:
        return _fail("stopped; nothing was left half-written", 130)
    return code if isinstance(code, int) else 0


def _gone_folder() -> str:
    """Return what to do where the current folder was removed under us, or nothing."""
    try:
        Path.cwd()
    except OSError:
        return "the current folder was removed, so nothing can be found from here; go to another one, such as: cd ~"
    return ""


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


def _is_help(error: Any) -> bool:
    """Return whether no command was given, which click takes for an error whose message is the help, or nothing."""
    words = error.format_message()
    return not words or (error.ctx is not None and words == error.ctx.get_help())


def _tell_help(error: Any) -> int:
    """Print the help just as it is laid out; an empty message means that it has been printed."""
    if words := error.format_message():
        typer.echo(words, err=True)
    return 2


def _usage(error: Any) -> str:
    words = error.format_message().rstrip(".")
    option = getattr(error, "option_name", "")
    if re.match(r"-[\d.]", option):
        words = f"{option} is not a length; a session is longer than nothing, such as 5 or 7:30"
    command = error.ctx.command_path if error.ctx else "audioguide"
    return f"{words}; `{command} --help` tells how it is used"


if __name__ == "__main__":
    from audioguide.__main__ import main

    main()
