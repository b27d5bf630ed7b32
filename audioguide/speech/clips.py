"""Clips in the store: the sound of one phrase each, 16-bit PCM at 24 kHz."""

from collections.abc import Callable

from audioguide.storage.store import Facts, Store

_KIND = "clips"


def clip_facts(store: Store, key: str) -> Facts | None:
    """Return the facts of a clip, among them its samples; None if it is not in the store."""
    facts = store.facts(_KIND, key)
    return facts if facts and "samples" in facts else None


def write_clip(store: Store, key: str, pcm: bytes) -> Facts:
    """Put a clip into the store, and return its facts."""
    return store.write(_KIND, key, pcm, {"samples": len(pcm) // 2})


def read_clip(store: Store, key: str, make: Callable[[], bytes]) -> bytes:
    """Return the sound of a clip; that of make() if the clip is missing or damaged in the store."""
    entry = store.read(_KIND, key)
    return entry[1] if entry else make()
