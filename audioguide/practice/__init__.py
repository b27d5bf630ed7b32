"""A practice's folder -> cues: practice.toml, the Jinja sandbox, the parser; copying and watching practices."""
