"""One request -> one MP3: fit to a length, splice pieces, write. Also batches, covers and recording sheets.

`build` is the way of a session from top to bottom; `batch` builds many from a list.
"""
