"""PURE. Options and their defaults. The first of each tuple is the default."""

PRACTICE = "psoas-release"
VOICE = "calm"
GUIDANCE = ("full", "brief", "bells")
ENDINGS = ("wake", "sleep")
