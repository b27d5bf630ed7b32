"""Files: atomic writes, the content-addressed cache, strict TOML, the built-in practices and voices.

`atomic.atomic_file` writes a file completely or not at all, `store.open_store` opens the cache, `toml.read_toml` reads
TOML with the line of every error, and `shelf` finds what comes with the package.
"""
