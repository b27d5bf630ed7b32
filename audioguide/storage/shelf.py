"""The two shelves, ``scripts/`` and ``voices/``: where built-in practices and voices are found by name."""

from dataclasses import dataclass
from pathlib import Path

from audioguide.core.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True)
class Layer:
    """One of the folders in which something is looked for, the next one where it is not there."""

    folder: Path
    shown: str
    """How it is called in errors."""


def shelf(name: str) -> Path:
    """Return the folder of a shelf: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "shelves" / name
    return shipped if shipped.is_dir() else package.parent / name


def is_path(name: str) -> bool:
    """Return whether name is meant as a place on disk rather than as a name on a shelf.

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
    """Return the error for a name that stands on no shelf."""
    there_is = ", ".join([*known, f"or {instead}"])
    return InputError(f"there is no {kind} {name[:60]!r}{did_you_mean(name, known)} (there is {there_is})")


def is_file(path: Path) -> bool:
    """Return whether there is such a file; False too for names that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
