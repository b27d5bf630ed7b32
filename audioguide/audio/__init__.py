"""Audio: PCM, loudness, MP3 frames, ID3 tags, measurement of finished files."""
