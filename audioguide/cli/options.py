"""The options that several commands share, and how they become a Request."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audioguide.core import defaults

if TYPE_CHECKING:
    from audioguide.core.request import Request

Length = Annotated[
    str,
    typer.Argument(metavar="LENGTH", help="How long: 5 (minutes), 20m, 7:30, 90s, 33m20s, 1h30m.", show_default=False),
]
FileOrLength = Annotated[
    str,
    typer.Argument(
        metavar="FILE.mp3|LENGTH", help="A finished session; or how long: 5, 20m, 7:30.", show_default=False
    ),
]
PracticeName = Annotated[
    str, typer.Option("--practice", metavar="NAME|DIR", help="Which practice: a name, or your own folder.")
]
Folder = Annotated[
    str, typer.Argument(metavar="DIR", help="Which practice: your own folder, or a name.", show_default=False)
]
VoiceName = Annotated[str, typer.Option("--voice", metavar="NAME", help="Who speaks; `audioguide voices` lists them.")]
Grounding = Annotated[
    bool | None,
    typer.Option(
        "--grounding/--no-grounding", help="The grounding interlude; left open, the practice decides by length."
    ),
]
Ending = Annotated[
    str, typer.Option("--ending", metavar="|".join(defaults.ENDINGS), help="Come back with a bell, or fade into sleep.")
]
Guidance = Annotated[
    str,
    typer.Option(
        "--guidance",
        metavar="|".join(defaults.GUIDANCE),
        help="All of it, a short form for those who know it, or bells.",
    ),
]
Pace = Annotated[
    float | None,
    typer.Option("--pace", metavar="WPM", help="Words a minute while speaking; left open, the voice's own."),
]
BellOn = Annotated[bool, typer.Option("--bell/--no-bell", help="The soft bells.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A word for the scripts; may be given several times."),
]
Say = Annotated[
    list[str] | None,
    typer.Option("--say", metavar="WORD=SAID", help="How a word of this session is said; may be given several times."),
]
Only = Annotated[
    str | None, typer.Option("--only", metavar="STEP", help="One step by itself; LENGTH may then be left out.")
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="The MP3 to write; left open, a name below output/.")
]
Cache = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="Where spoken phrases are kept; left open, your cache folder."),
]
Captions = Annotated[
    str, typer.Option("--captions", metavar="vtt,srt,lrc,txt", help="Write captions of these kinds beside the MP3.")
]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more on the way.")]


def request(
    length: Length = "",
    practice: PracticeName = defaults.PRACTICE,
    voice: VoiceName = defaults.VOICE,
    grounding: Grounding = None,
    ending: Ending = defaults.ENDINGS[0],
    guidance: Guidance = defaults.GUIDANCE[0],
    pace: Pace = None,
    bell: BellOn = True,
    settings: Settings = None,
    say: Say = None,
    only: Only = None,
) -> "Request":
    """Return the request that these options make.

    Raises:
        InputError: one of them cannot be used.
    """
    from audioguide.core.clock import parse_length
    from audioguide.core.request import Request, read_said, read_settings

    samples = parse_length(length) if length else None
    known, said = read_settings(settings or ()), read_said(say or ())
    return Request(samples, practice, voice, grounding, ending, guidance, pace, bell, known, said, only)


def for_request(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that has the options of a request before its own, and is handed that request first."""
    return _with_options(command, list(inspect.signature(request).parameters.values()))


def for_folder(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command as for_request does, but the practice is its first argument, without a default."""
    asked = dict(inspect.signature(request).parameters)
    folder = asked.pop("practice").replace(annotation=Folder, default=inspect.Parameter.empty)
    return _with_options(command, [folder, *asked.values()])


def for_file(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command as for_request does, but handed a Path where its first argument is the name of an MP3."""
    asked = dict(inspect.signature(request).parameters)
    asked["length"] = asked["length"].replace(annotation=FileOrLength)
    return _with_options(command, list(asked.values()), _file_or_request)


def _file_or_request(length: str, **given: Any) -> "Path | Request":
    from audioguide.core.errors import InputError

    if not length.lower().endswith(".mp3"):
        return request(length, **given)
    usual = inspect.signature(request).parameters
    if changed := [name for name, value in given.items() if value not in (usual[name].default, [])]:
        name = _typed(usual[changed[0]], given[changed[0]])
        raise InputError(f"{length} is finished, so {name} has no use; name a length instead of a file")
    return Path(length)


def _typed(parameter: inspect.Parameter, value: object) -> str:
    """Return an option as it was typed; typer takes its name for a default until it is asked."""
    names = str(parameter.annotation.__metadata__[0].default).split("/")
    return names[-1] if value is False else names[0]


def _with_options(
    command: Callable[..., None],
    asked: list[inspect.Parameter],
    read: "Callable[..., Path | Request]" = request,
) -> Callable[..., None]:
    own = list(inspect.signature(command).parameters.values())[1:]

    @wraps(command)
    def run(**given: Any) -> None:
        mine = {parameter.name: given.pop(parameter.name) for parameter in own}
        command(read(**given), **mine)

    described: Any = run
    described.__signature__ = inspect.Signature([*asked, *own])
    described.__annotations__ = {parameter.name: parameter.annotation for parameter in (*asked, *own)}
    return run
