"""One request -> one MP3: fit to a length, splice pieces, write. Also batches, covers and recording sheets.

`build.plan` shows the steps of a session; `batch` builds the rows of a list.
"""
