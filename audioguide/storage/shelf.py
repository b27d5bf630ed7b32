"""The two shelves, ``scripts/`` and ``voices/``: the folders of the built-in practices and voices."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audioguide.core.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True)
class Layer:
    """One folder of a search path: a file that is not in it is looked for in the next layer."""

    folder: Path
    shown: str
    """The folder's name in messages."""


def find_layer(layers: Sequence[Layer], file: str) -> Layer | None:
    """Return the first layer whose folder contains a file; a link that leads out of the folder does not count."""
    return next((layer for layer in layers if _contains(layer.folder, file)), None)


def shown_path(layers: Sequence[Layer], file: str) -> str:
    """Return the path of a file in messages: in the layer that contains it, or else in the first."""
    return f"{(find_layer(layers, file) or layers[0]).shown}/{file}"


def _contains(folder: Path, file: str) -> bool:
    try:
        inside = (folder / file).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a cycle of links, or a name that no file can have
        return False
    return inside and is_file(folder / file)


def shelf(name: str) -> Path:
    """Return the folder of a shelf: inside the installed package, or next to it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "shelves" / name
    return shipped if shipped.is_dir() else package.parent / name


def is_path(name: str) -> bool:
    """Return whether name means a path on disk, not a name on a shelf.

    >>> is_path("calm"), is_path("./calm"), is_path("mine/calm.toml")
    (False, True, True)
    """
    return "/" in name or "\\" in name or name.endswith(".toml") or name in (".", "..") or _exists(name)


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def unknown_name(kind: str, name: str, known: list[str], instead: str) -> InputError:
    """Return the error for a name that is neither built-in nor a path."""
    there_is = ", ".join([*known, f"or {instead}"])
    return InputError(f"there is no {kind} {name[:60]!r}{did_you_mean(name, known)} (choose from {there_is})")


def is_file(path: Path) -> bool:
    """Return whether path is a file; False also for names that the operating system refuses."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
