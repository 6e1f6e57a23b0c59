"""CrowdTangle's API: posts as JSON records, one a line."""

from frametrace.posts.readers import crowdtangle_api
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="crowdtangle-api-jsonl",
    title="CrowdTangle posts of the API, one a line",
    example="crowdtangle_posts.jsonl",
    platform="facebook, instagram",
    time="second",
    shape=Shape.RECORDS,
    required=crowdtangle_api.REQUIRED,
    parse=crowdtangle_api.parse,
)
