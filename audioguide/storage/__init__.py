"""Files: atomic writes, the content-addressed cache, strict TOML, the built-in practices and voices."""
