"""Creates a folder of text for a teacher to edit, with a guide: a copy of a practice, or a small new one."""

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
# Your own wording of "{title}". You may delete the files of steps that you do not change; the original
# supplies them. GUIDE.md explains how to write scripts.
extends = "{extends}"
title = "{title}"

# The settings of the original. To change one, remove the # from all of its lines.
{original}
"""


def write_copy(folder: Path, practice: Practice) -> list[Path]:
    """Write a copy of a practice into folder; return the new files.

    The copy extends a built-in practice, or one in a folder next to it. Of any other, it has the same practice.toml.

    Raises:
        OutputError: one of the files exists already, or cannot be written.
    """
    extends = _name_to_extend(folder, practice)
    texts = {_TOML: _head(practice, extends) if extends else (practice.folder / _TOML).read_text(encoding="utf-8")}
    for layer in reversed(practice.layers):
        texts |= {path.name: path.read_text(encoding="utf-8") for path in sorted(layer.folder.glob(f"*{SUFFIX}"))}
    return _write(folder, texts)


def write_blank(folder: Path) -> list[Path]:
    """Write a small new practice, ready to build, into folder; return the new files.

    Raises:
        OutputError: one of the files exists already, or cannot be written.
    """
    blank = sorted((_STARTER / "blank").iterdir())
    return _write(folder, {path.name: path.read_text(encoding="utf-8") for path in blank})


def _name_to_extend(folder: Path, practice: Practice) -> str:
    """Return the name by which a practice.toml in folder can extend a practice; empty if it cannot."""
    if practice.shown == practice.name and practice.name in practice_names():
        return practice.name
    return f"../{practice.name}" if practice.folder.resolve().parent == folder.resolve().parent else ""


def _head(practice: Practice, extends: str) -> str:
    title = practice.title.replace("\\", "\\\\").replace('"', '\\"')
    lines = (practice.folder / _TOML).read_text(encoding="utf-8").splitlines()
    original = "\n".join(f"# {line}".rstrip() for line in lines if not line.startswith("title"))
    return _HEAD.format(title=title, extends=extends, original=original)


def _write(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Write these files and the guide, all or none; return them. None may exist yet."""
    guide = re.sub(r"\bDIR\b", folder.as_posix(), (_STARTER / _GUIDE).read_text(encoding="utf-8"))
    files = {folder / name: text for name, text in {**texts, _GUIDE: guide}.items()}
    if existing := [path for path in files if path.exists() or path.is_symlink()]:
        raise OutputError(f"{existing[0]} exists already, and nothing is overwritten; name a new folder")
    written: list[Path] = []
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            with path.open("x", encoding="utf-8", newline="\n") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        _undo(folder, written, is_new)
        words = f"{folder} cannot be written ({error.strerror or error}); choose another folder"
        raise OutputError(words) from error
    return written


def _undo(folder: Path, written: list[Path], is_new: bool) -> None:
    with suppress(OSError):
        for path in written:
            path.unlink()
        if is_new:
            folder.rmdir()
