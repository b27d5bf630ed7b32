"""The state of a file, to detect that it was changed or replaced."""

from dataclasses import dataclass
from os import stat_result
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class FileStamp:
    """The state of a file; a changed file, or another one in its place, has another stamp."""

    size: int
    """Bytes."""
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, file: Path | stat_result) -> Self:
        """Return the stamp of a path, or of what stat() or fstat() returned.

        Raises:
            OSError: there is no such file, or it cannot be examined.
        """
        status = file if isinstance(file, stat_result) else file.stat()
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)
