"""A map of a case: what is alike lies together, whatever tells so.

Positions are found by t-SNE (van der Maaten and Hinton 2008; of scikit-learn, by Barnes and Hut's
approximation) from the decades by which contents are alike, so that captions, lettering and looks
count as they do for groups, and wording alone where there is nothing else. In t-SNE the weight of a
neighbour falls exponentially with its squared distance; how often unrelated contents are so alike
falls exponentially with decades. So a squared distance is what a pair lacks of a point's nearest.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.clustering import Communities
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.framing_tables import group_ids
from frametrace.matcher.framing.fusion import Fusion
from frametrace.matcher.results import MAP

if TYPE_CHECKING:
    from frametrace.matcher.framing.find_framings import Framings

__all__ = ["MOST_POINTS", "map_of", "positions", "sampled"]

# Points on a map, each picture beyond a content's first counting as one more: all pairs of them are
# compared. Of 2,500 captions with vectors that takes 4 s of one 2.8 GHz core, and t-SNE 5 s.
MOST_POINTS = 2_500
_SEED = 0
_PERPLEXITY = 30  # neighbours that count; scikit-learn's default
_STEPS = 500  # with 750 the maps of 800 real posts and of 3,000 captions look the same
# Of attraction at first. With the usual 12 few points fall together and stay so; and the divergence
# of the maps of 800 real posts and of 2,500 captions is lower (0.31 for 0.32, 1.32 for 1.49).
_EXAGGERATION = 2.0
_QUARTER = 4  # scikit-learn's gradients are a quarter of those of the paper

_ROWS = """
SELECT p.x, p.y, e.post.platform AS platform, e.post.post_id AS post_id, p.posts, p.group_id
FROM points p JOIN (
    SELECT c.content, arg_min({'platform': o.platform, 'post_id': o.post_id},
        (o.posted_at IS NULL, o.posted_at, o.platform, o.post_id)) AS post
    FROM posts_of c JOIN points USING (content) JOIN posts o USING (platform, post_id)
    GROUP BY c.content
) e USING (content) ORDER BY p.content
"""


def map_of(case: Case, framings: "Framings") -> pa.Table:
    """Where the contents of a case, or a sample of them, lie, in the schema `MAP`.

    The medoids of all groups are among the sample while there are no more groups than points.
    """
    contents, found = framings.contents, framings.found
    content = sampled(contents, found)
    x, y = positions(_decades(framings.fusion, content)).T
    group = found.group[content]
    names = group_ids(contents, found).take(pa.array(group, mask=group == NONE))
    points = {"content": content, "x": x, "y": y, "posts": contents.weight[content]}
    with connect(case, "posts") as connection:
        connection.register("points", pa.table({**points, "group_id": names}))
        connection.register("posts_of", contents.posts)
        return connection.sql(_ROWS).to_arrow_table().cast(MAP)


def sampled(contents: Contents, found: Communities, most: int = MOST_POINTS) -> np.ndarray:
    """Contents of at most `most` points: medoids of the largest groups first, then any; ordered."""
    n, groups = len(contents), len(found.medoid)
    grouped = found.group != NONE
    posts = np.bincount(found.group[grouped], contents.weight[grouped], minlength=groups)
    rank = np.full(n, groups + n, np.int64)
    rank[found.medoid[np.argsort(-posts, kind="stable")]] = np.arange(groups)
    order = np.lexsort((np.random.default_rng(_SEED).permutation(n), rank))
    points = np.maximum(np.diff(contents.pictures.starts), 1)[order]
    content: np.ndarray = np.sort(order[np.cumsum(points) <= most])
    return content


def positions(decades: np.ndarray) -> np.ndarray:
    """Places (n, 2) float32 in [0, 1] for n contents of which `decades` (n, n) says how alike.

    The same for the same decades, whatever processors there are.
    """
    n = len(decades)
    if n < 2:
        return np.full((n, 2), 0.5, np.float32)
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    decades = decades.astype(np.float32)
    np.fill_diagonal(decades, -1)
    lacking = np.sqrt(decades.max(axis=1, keepdims=True) - decades)
    np.fill_diagonal(lacking, 0)
    tsne = TSNE(
        perplexity=min(_PERPLEXITY, (n - 1) / 3),
        early_exaggeration=_EXAGGERATION,
        # The rate of Belkina et al. (2019). The library's own is 50 or more: few points fly apart.
        learning_rate=max(n / _EXAGGERATION / _QUARTER, 1),
        max_iter=_STEPS,
        min_grad_norm=0,  # where groups are of one size, the first steps are small
        metric="precomputed",
        init="random",
        random_state=_SEED,
    )
    with threadpool_limits(limits=1):  # sums of several threads have no order
        places = tsne.fit_transform(lacking)
    low, high = places.min(axis=0), places.max(axis=0)
    side = (high - low).max()
    if not side > 0:
        return np.full((n, 2), 0.5, np.float32)
    inside: np.ndarray = np.clip((places - (low + high) / 2) / side + 0.5, 0, 1)
    return inside.astype(np.float32)


def _decades(fusion: Fusion, content: np.ndarray) -> np.ndarray:
    """How alike some contents are with each other, (n, n) float32."""
    n = len(content)
    decades = np.zeros((n, n), np.float32)
    a, b = np.triu_indices(n, 1)
    decades[a, b] = fusion.decades(content[a], content[b])
    return decades + decades.T
