"""Reads videos: bounded decoding, the choice of frames, and when each is shown."""
