"""PURE. Names defined in every script. ``--set`` cannot redefine them."""

VARIABLES = ("minutes", "length", "grounding", "ending", "guidance", "bells", "voice")
FUNCTIONS = ("pause", "rest", "bell")
"""Write a mark from a Jinja expression."""
JINJA_GLOBALS = ("range", "dict", "cycler", "joiner", "namespace")
"""Defined by Jinja itself."""
