"""TikTok's Research API: videos as its answers hold them, alone or in `data.videos`."""

from frametrace.posts.readers import tiktok_research
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="tiktok-research-jsonl",
    title="TikTok Research API videos, as it answers or one a line",
    example="tiktok_videos.json",
    platform="tiktok",
    time="second",
    shape=Shape.RECORDS,
    required=tiktok_research.REQUIRED,
    parse=tiktok_research.parse,
)
