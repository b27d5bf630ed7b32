"""One request -> one MP3: fit to a length, splice pieces, write; and many from a list."""
