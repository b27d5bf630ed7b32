"""One request -> one MP3: fit to a length, splice pieces, write. Also batches, covers and recording sheets."""
