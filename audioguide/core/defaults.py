"""PURE. What a listener chooses from; the first, or the one named here, holds where nothing is chosen.

The command line needs these before it knows what is asked of it, so nothing else stands here.
"""

PRACTICE = "psoas-release"
VOICE = "calm"
GUIDANCE = ("full", "brief", "bells")
ENDINGS = ("wake", "sleep")
