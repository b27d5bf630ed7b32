"""The command picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.output import speaking
from audioguide.core.errors import InputError

if TYPE_CHECKING:
    from audioguide.core.request import Request

_SVG, _JPEG = ".svg", ".jpg"


@o.for_file
def picture(
    source: "Path | Request",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="An .svg, or a .jpg for the cover.  [default: beside the MP3, or in output/]"
        ),
    ] = None,
    cache: o.Cache = None,
) -> None:
    """Draw the timetable of a session as a picture.

    It shows chapters, speech, silence and bells. For a LENGTH, the phrases are spoken, but no MP3 is written.
    """
    from audioguide.core.request import default_out
    from audioguide.storage.atomic import atomic_file

    default = source if isinstance(source, Path) else default_out(source)
    path = out or default.with_suffix(_SVG)
    kind = path.suffix.lower()
    if kind not in (_SVG, _JPEG):
        raise InputError(f"{path}: a picture ends in {_SVG} or {_JPEG}; name it {path.with_suffix(_SVG)}")
    drawn = _of_file(source, kind) if isinstance(source, Path) else _of_request(source, kind, cache)
    with atomic_file(path, kind) as draft:
        draft.write(drawn)
    typer.echo(str(path))


def _of_file(file: Path, kind: str) -> bytes:
    from audioguide.audio.id3 import cover, private_frame, read_tag
    from audioguide.session.manifest import OWNER, from_bytes
    from audioguide.timeline.svg import svg

    tag = read_tag(file)
    manifest = from_bytes(private_frame(tag, OWNER) or b"")
    if manifest is None:
        raise InputError(f"{file} has no audioguide plan; give a session of audioguide, or a length")
    if kind == _SVG:
        return svg(manifest.timeline, manifest.title).encode()
    if not (jpeg := cover(tag)):
        raise InputError(f"{file} has no cover; build it again, or give a length")
    return jpeg


def _of_request(request: "Request", kind: str, cache: Path | None) -> bytes:
    from audioguide.session import build as sessions
    from audioguide.session.cover import cover_data, draw
    from audioguide.storage.store import open_store
    from audioguide.timeline.svg import svg

    with speaking() as progress:
        planned = sessions.plan(request, open_store(cache), progress)
    if kind == _SVG:
        return svg(planned.timeline, planned.about.title).encode()
    return draw(cover_data(planned.about.album, planned.timeline))
