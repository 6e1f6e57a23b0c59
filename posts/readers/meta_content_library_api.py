"""Meta Content Library's API: posts and channels' messages as JSON records."""

from frametrace.posts.readers import meta_content_library
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="meta-content-library-api",
    title="Meta Content Library's API: Facebook, Instagram, Threads and channels",
    example="meta_content_library_posts.json",
    platform="facebook, instagram, threads, whatsapp",
    time="second",
    shape=Shape.RECORDS,
    required=meta_content_library.REQUIRED,
    parse=meta_content_library.parse,
)
