"""The command picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.progress import speaking
from audioguide.core.errors import InputError

if TYPE_CHECKING:
    from audioguide.core.request import Request

app = typer.Typer()
_SVG, _JPEG = ".svg", ".jpg"


@app.command()
@o.for_file
def picture(
    asked: "Path | Request",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The .svg to write, or a .jpg for the cover; left open, beside the MP3, or a name below output/.",
        ),
    ] = None,
    cache: o.Cache = None,
) -> None:
    """Draw the timetable of a session: chapters, speech, silence and bells. Speaks for a LENGTH, but writes no MP3."""
    from audioguide.core.request import default_out
    from audioguide.storage.atomic import atomic_file

    usual = asked if isinstance(asked, Path) else default_out(asked)
    path = out or usual.with_suffix(_SVG)
    kind = path.suffix.lower()
    if kind not in (_SVG, _JPEG):
        raise InputError(f"{path}: a picture ends in {_SVG} or {_JPEG}; name it {path.with_suffix(_SVG)}")
    drawn = _of_file(asked, kind) if isinstance(asked, Path) else _of_request(asked, kind, cache)
    with atomic_file(path, kind) as draft:
        draft.write(drawn)
    typer.echo(str(path))


def _of_file(file: Path, kind: str) -> bytes:
    from audioguide.audio.id3 import cover, private_frame, read_tag
    from audioguide.session.manifest import OWNER, from_bytes
    from audioguide.timeline.svg import svg

    tag = read_tag(file)
    made_of = from_bytes(private_frame(tag, OWNER) or b"")
    if made_of is None:
        raise InputError(f"{file} does not tell what it was made of; name a session of audioguide, or a length")
    if kind == _SVG:
        return svg(made_of.timeline, made_of.title).encode()
    if not (found := cover(tag)):
        raise InputError(f"{file} carries no cover; build it again, or name a length")
    return found


def _of_request(asked: "Request", kind: str, cache: Path | None) -> bytes:
    from audioguide.session import build as sessions
    from audioguide.session.cover import cover_data, draw
    from audioguide.storage.store import open_store
    from audioguide.timeline.svg import svg

    with speaking() as progress:
        planned = sessions.plan(asked, open_store(cache), progress)
    if kind == _SVG:
        return svg(planned.timeline, planned.about.title).encode()
    return draw(cover_data(planned.about.album, planned.timeline))
