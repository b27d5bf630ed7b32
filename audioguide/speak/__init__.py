"""From a phrase to a clip: engines, what they may be given, and the store of what they said."""
