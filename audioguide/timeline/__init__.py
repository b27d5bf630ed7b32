"""PURE. Cues and the lengths of their sounds -> an exact timeline, and its views.

`plan.lay_out` computes a timeline, `spoken_lengths` checks the lengths that its phrases announce, and `rehearsal`
shortens it for proof-listening. `timetable`, `svg` and `captions` show it.
"""
