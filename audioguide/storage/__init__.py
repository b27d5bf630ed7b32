"""Files: atomic writes, the content-addressed cache, strict TOML, the shelves of built-in practices and voices."""
