"""PURE. Cues and lengths -> an exact timeline, and its views: table, SVG, captions, rehearsal."""
