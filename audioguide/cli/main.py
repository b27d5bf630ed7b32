"""Puts the commands together, and turns every error into one line and an exit code.

0 done, 1 an error that the user can fix, 2 wrong usage, 3 a bug (with its traceback), 130 Ctrl-C.
"""

import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from audioguide.cli import cache
from audioguide.cli.batch import HELP as BATCH_HELP
from audioguide.cli.batch import batch
from audioguide.cli.build import build
from audioguide.cli.check import check
from audioguide.cli.customize import customize
from audioguide.cli.diff import diff
from audioguide.cli.doctor import doctor
from audioguide.cli.lines import lines
from audioguide.cli.picture import picture
from audioguide.cli.plan import plan
from audioguide.cli.practices import practices
from audioguide.cli.publish import publish
from audioguide.cli.rehearse import rehearse
from audioguide.cli.render import render
from audioguide.cli.say import say
from audioguide.cli.share import share
from audioguide.cli.verify import verify
from audioguide.cli.voices import voices
from audioguide.cli.watch import watch
from audioguide.core.errors import AudioguideError, ScriptError, ScriptErrors

GROUPS: dict[str, tuple[Callable[..., None], ...]] = {
    "Make a session": (build, plan, render, say, voices, practices, picture),
    "Your own words and voice": (customize, check, rehearse, watch, diff, lines),
    "On the phone": (share, publish),
    "Many at once": (batch,),
    "Care": (verify, doctor),
}
"""The commands by who needs them, as the help lists them."""
_HELP = {batch: BATCH_HELP}
"""Help that is not the command's docstring."""
_MOST_ERRORS = 30
"""How many errors are shown at once."""
_UsageError: Any = typer.BadParameter.__base__
"""click's UsageError; typer has included its own copy of click since 0.24, so click cannot be imported for it."""


class _Groups(TyperGroup):
    """Lists the commands under the headings of `GROUPS`."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the headings and commands into the help."""
        groups: dict[str, list[tuple[str, str]]] = {}
        longest = max(map(len, self.commands))
        for name, command in self.commands.items():
            group = str(getattr(command, "rich_help_panel", ""))
            row = name.ljust(longest), command.get_short_help_str(formatter.width - longest - 6)
            groups.setdefault(group, []).append(row)
        for group, rows in groups.items():
            with formatter.section(group):
                formatter.write_dl(rows)


app = typer.Typer(
    name="audioguide",
    cls=_Groups,
    help="Voice-guided audio sessions of exactly the length you choose.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # it would take [pause 6s] in a help text for a colour
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _group, _commands in GROUPS.items():
    for _command in _commands:
        app.command(rich_help_panel=_group, help=_HELP.get(_command))(_command)
app.add_typer(cache.app, name="cache", rich_help_panel="Care")


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
    """Run a command line, and return its exit code."""
    try:
        code = app(args=arguments, prog_name="audioguide", standalone_mode=False)
    except AudioguideError as error:
        return _fail(gone, 1) if (gone := _gone_folder()) else _fail_expected(error)
    except _UsageError as error:
        return _show_help(error) if _is_help(error) else _fail(_usage(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except OSError as error:  # a full disk under stdout, a folder that was removed: the machine's, not ours
        return _fail(_gone_folder() or f"operating system error: {error}", 1)
    except SystemExit as stop:  # typer's, when the reader of a pipe, such as head, closed it
        return 0 if stop.code == 1 else int(stop.code or 0)
    except Exception:
        traceback.print_exc()
        return _fail("this is a bug in audioguide; please report the lines above", 3)
    if code == 130:
        return _fail("stopped; no half-written file was left", 130)
    return code if isinstance(code, int) else 0


def _gone_folder() -> str:
    """Return what to do where the current folder was removed, or an empty text."""
    try:
        Path.cwd()
    except OSError:
        return "the current folder was removed, so no path works from here; change to another one, such as: cd ~"
    return ""


def _fail(words: str, code: int) -> int:
    if words:
        print(" ".join(words.split()), file=sys.stderr)
    return code


def _fail_expected(error: AudioguideError) -> int:
    """Print a line for each error, and below it the place in the script where that is known."""
    errors = error.errors if isinstance(error, ScriptErrors) else (error,)
    for one in errors[:_MOST_ERRORS]:
        _fail(str(one), 1)
        for line in one.excerpt() if isinstance(one, ScriptError) else ():
            print(f"    {line}", file=sys.stderr)
    if len(errors) > _MOST_ERRORS:
        _fail(f"and {len(errors) - _MOST_ERRORS} more errors; fix these first", 1)
    return 1


def _is_help(error: Any) -> bool:
    """Return whether no command was given: click reports that as an error whose message is the help, or empty."""
    words = error.format_message()
    return not words or (error.ctx is not None and words == error.ctx.get_help())


def _show_help(error: Any) -> int:
    """Print the help as it is; an empty message means that it was already printed."""
    if words := error.format_message():
        typer.echo(words, err=True)
    return 2


def _usage(error: Any) -> str:
    words = error.format_message().rstrip(".").replace(". Did you mean", "; did you mean")
    option = getattr(error, "option_name", "")
    if re.match(r"-[\d.]", option):
        words = f"{option} is not a length; it must be positive, such as 5 or 7:30"
    command = error.ctx.command_path if error.ctx else "audioguide"
    return f"{words}; see `{command} --help`"
