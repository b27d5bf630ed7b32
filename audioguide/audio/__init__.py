"""Sound: PCM, loudness, MP3 frames, ID3 tags, measuring a finished file."""
