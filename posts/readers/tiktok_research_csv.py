"""TikTok's Research API: videos as a table, as programs around it write them."""

from frametrace.posts.readers import tiktok_research
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="tiktok-research-csv",
    title="TikTok Research API videos",
    example="tiktok_videos.csv",
    platform="tiktok",
    time="second",
    shape=Shape.TABLE,
    required=tiktok_research.REQUIRED,
    parse=tiktok_research.parse,
)
