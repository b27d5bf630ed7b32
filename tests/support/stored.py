"""The files of a store, for tests that damage them."""

import re
from pathlib import Path

from audioguide.storage.store import Store


def stored_files(store: Store, kind: str) -> list[Path]:
    return sorted(path for path in (store.folder / kind).rglob("*") if path.is_file())


def with_fact(data: bytes, fact: str, value: str) -> bytes:
    """Return an entry's bytes with another value for one of the facts in its head."""
    head, _, body = data.partition(b"\n")
    return re.sub(rf'"{fact}": [^,}}]+'.encode(), f'"{fact}": {value}'.encode(), head) + b"\n" + body
