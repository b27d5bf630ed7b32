"""Audio: PCM, loudness, MP3 frames, ID3 tags, measurement of finished files.

`sound` makes the pieces of a session, `mp3` encodes them, `loudness` levels speech, `id3` writes and reads tags, and
`meter` decodes and measures a finished file.
"""
