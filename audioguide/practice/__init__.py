"""Turns a practice's folder into cues: reads practice.toml, renders scripts in a Jinja sandbox, parses their text.

The other packages use ``definition`` (finds and reads a practice), ``model`` (its types), ``rendering`` (steps, cues
and phrases of a session), ``customize`` (copies to edit) and ``watch`` (rebuilds at every save).
"""
