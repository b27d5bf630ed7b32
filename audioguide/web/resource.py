"""What can be served: bytes in memory, or a part of a file."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from audioguide.storage.file_stamp import FileStamp
from audioguide.web.ranges import Validator


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Some bytes of a file, valid as long as the file has the same stamp."""

    path: Path
    stamp: FileStamp
    start: int
    length: int

    @property
    def modified(self) -> datetime | None:
        """When the file was changed, in whole seconds, UTC; None for a time that datetime cannot represent."""
        try:
            return datetime.fromtimestamp(self.stamp.mtime_ns // 1_000_000_000, UTC)
        except (OverflowError, OSError, ValueError):  # after the year 9999; before 1970 on Windows
            return None


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that can be requested by name."""

    media_type: str
    body: bytes | FileSlice
    etag: str
    """With its quotation marks."""
    immutable: bool
    """Whether its name will never refer to other bytes, so that clients may keep it without asking again."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.body.length if isinstance(self.body, FileSlice) else len(self.body)

    @property
    def validator(self) -> Validator:
        """For conditional requests."""
        return Validator(self.etag, self.body.modified if isinstance(self.body, FileSlice) else None)
