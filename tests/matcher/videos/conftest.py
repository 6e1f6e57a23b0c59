"""Videos in these tests are of a made-up format."""

from made_videos import made_videos

__all__ = ["made_videos"]
