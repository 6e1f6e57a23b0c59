"""CrowdTangle's newer tables, whose columns are named as in its API."""

from frametrace.posts.readers import crowdtangle_api
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="crowdtangle-api-csv",
    title="CrowdTangle posts with the API's column names",
    example="crowdtangle_posts.csv",
    platform="facebook, instagram",
    time="second",
    shape=Shape.TABLE,
    required=crowdtangle_api.REQUIRED,
    parse=crowdtangle_api.parse,
)
