"""PURE. The names that every script can use; none of them can be set with ``--set``."""

VARIABLES = ("minutes", "length", "grounding", "ending", "guidance", "bells", "voice")
"""What every script may use."""
FUNCTIONS = ("pause", "rest", "bell")
"""Marks out of Jinja."""
JINJA_GLOBALS = ("range", "dict", "cycler", "joiner", "namespace")
"""What Jinja itself brings."""
