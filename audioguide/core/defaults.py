"""PURE. Built-in choices and defaults: the first of each tuple is the default."""

PRACTICE = "psoas-release"
VOICE = "calm"
GUIDANCE = ("full", "brief", "bells")
ENDINGS = ("wake", "sleep")
