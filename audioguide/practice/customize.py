"""Lays a practice out as a folder of text to edit: a copy of one that there is, or a tiny new one; with a guide."""

import re
from contextlib import suppress
from pathlib import Path

from audioguide.core.errors import OutputError
from audioguide.practice.definition import practice_names
from audioguide.practice.model import Practice
from audioguide.practice.script_language import SUFFIX

_STARTER = Path(__file__).parent / "starter"
_GUIDE, _TOML = "GUIDE.md", "practice.toml"
_HEAD = """\
# Your own wording of "{title}". A step that you do not change may be deleted here: then it comes from the
# original. GUIDE.md says how scripts are written.
extends = "{extends}"
title = "{title}"

# What the original says. To change some of it, take the sign # away from all of its lines.
{original}
"""


def lay_copy(folder: Path, practice: Practice) -> list[Path]:
    """Return the files of a copy of a practice, laid into folder now.

    A practice of the shelf, or of a folder beside this one, is extended; of any other practice.toml is copied as it is.

    Raises:
        OutputError: one of the files is there already, or cannot be written.
    """
    extends = _name_from(folder, practice)
    texts = {_TOML: _head(practice, extends) if extends else (practice.folder / _TOML).read_text(encoding="utf-8")}
    for layer in reversed(practice.layers):
        texts |= {path.name: path.read_text(encoding="utf-8") for path in sorted(layer.folder.glob(f"*{SUFFIX}"))}
    return _lay(folder, texts)


def lay_blank(folder: Path) -> list[Path]:
    """Return the files of a tiny new practice that builds at once, laid into folder now.

    Raises:
        OutputError: one of the files is there already, or cannot be written.
    """
    blank = sorted((_STARTER / "blank").iterdir())
    return _lay(folder, {path.name: path.read_text(encoding="utf-8") for path in blank})


def _name_from(folder: Path, practice: Practice) -> str:
    """Return how a practice.toml in folder names a practice that it extends, or nothing where it cannot."""
    if practice.shown == practice.name and practice.name in practice_names():
        return practice.name
    return f"../{practice.name}" if practice.folder.resolve().parent == folder.resolve().parent else ""


def _head(practice: Practice, extends: str) -> str:
    title = practice.title.replace("\\", "\\\\").replace('"', '\\"')
    lines = (practice.folder / _TOML).read_text(encoding="utf-8").splitlines()
    original = "\n".join(f"# {line}".rstrip() for line in lines if not line.startswith("title"))
    return _HEAD.format(title=title, extends=extends, original=original)


def _lay(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Write files that are not there yet, all or none of them."""
    guide = re.sub(r"\bDIR\b", folder.as_posix(), (_STARTER / _GUIDE).read_text(encoding="utf-8"))
    files = {folder / name: text for name, text in {**texts, _GUIDE: guide}.items()}
    if there := [path for path in files if path.exists() or path.is_symlink()]:
        raise OutputError(f"{there[0]} is there already, and nothing is overwritten; name a new folder")
    laid: list[Path] = []
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            with path.open("x", encoding="utf-8", newline="\n") as file:
                laid.append(path)
                file.write(text)
    except OSError as error:
        _take_back(folder, laid, made)
        words = f"{folder} cannot be written ({error.strerror or error}); choose another folder"
        raise OutputError(words) from error
    return laid


def _take_back(folder: Path, laid: list[Path], made: bool) -> None:
    with suppress(OSError):
        for path in laid:
            path.unlink()
        if made:
            folder.rmdir()
