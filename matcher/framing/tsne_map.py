"""Lays out the map of a case by t-SNE: contents that are similar by any evidence lie together.

t-SNE (van der Maaten and Hinton 2008; scikit-learn's, with the Barnes-Hut approximation) gets the
same rarities as the framing groups, so that captions, texts in pictures and pictures all count, and
wording alone if there is nothing else. In t-SNE the weight of a neighbour falls
exponentially with its squared distance, and the share of unrelated pairs falls exponentially with
rarity. So the squared distance of a pair is how much its rarity lies below that of the nearest
neighbour.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.clustering import FramingGroups
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.framing_tables import group_ids
from frametrace.matcher.framing.fusion import EvidenceFusion
from frametrace.matcher.result_schemas import MAP

if TYPE_CHECKING:
    from frametrace.matcher.framing.find_framings import Framings

__all__ = ["map_of", "sample_contents", "tsne_positions"]

# Points on a map; each picture after a content's first counts as another point. All pairs are
# compared: 2,500 captions with vectors take 4 s on one 2.8 GHz core, and t-SNE takes 5 s.
_MAX_POINTS = 2_500
_SEED = 0
_PERPLEXITY = 30  # effective number of neighbours; scikit-learn's default
_STEPS = 500  # with 750 the maps of 800 real posts and of 3,000 captions look the same
# Early exaggeration. With the usual 12, small sets of points collapse; and the divergence of the
# maps of 800 real posts and of 2,500 captions is lower with 2 (0.31 instead of 0.32, and 1.32
# instead of 1.49).
_EXAGGERATION = 2.0
# How coarsely far points are grouped: with 0.8 instead of the usual 0.5 the map of 2,500 of 65,000
# captions takes a fifth less time, and its divergence is 2.373 instead of 2.365.
_ANGLE = 0.8
_GRADIENT_FACTOR = 4  # scikit-learn's gradients are a quarter of those in the paper

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
    """The positions of the contents of a case, or of a sample of them, in the schema `MAP`.

    The sample includes the medoids of all groups unless there are more groups than points.
    """
    contents, groups = framings.contents, framings.groups
    content = sample_contents(contents, groups)
    x, y = tsne_positions(_rarity_matrix(framings.fusion, content)).T
    group = groups.group[content]
    ids = group_ids(contents, groups).take(pa.array(group, mask=group == NONE))
    points = {"content": content, "x": x, "y": y, "posts": contents.post_counts[content]}
    with connect(case, "posts") as connection:
        connection.register("points", pa.table({**points, "group_id": ids}))
        connection.register("posts_of", contents.posts)
        return connection.sql(_ROWS).to_arrow_table().cast(MAP)


def sample_contents(
    contents: Contents, groups: FramingGroups, max_points: int = _MAX_POINTS
) -> np.ndarray:
    """Contents with at most `max_points` points, ascending: first the largest groups' medoids."""
    n, count = len(contents), len(groups.medoid)
    grouped = groups.group != NONE
    posts = np.bincount(groups.group[grouped], contents.post_counts[grouped], minlength=count)
    rank = np.full(n, count + n, np.int64)
    rank[groups.medoid[np.argsort(-posts, kind="stable")]] = np.arange(count)
    order = np.lexsort((np.random.default_rng(_SEED).permutation(n), rank))
    points = np.maximum(np.diff(contents.pictures.starts), 1)[order]
    content: np.ndarray = np.sort(order[np.cumsum(points) <= max_points])
    return content


def tsne_positions(rarity: np.ndarray) -> np.ndarray:
    """Positions (n, 2) float32 in [0, 1] for n contents from the rarity (n, n) of each pair.

    The same rarities give the same positions, whatever the number of processors.
    """
    n = len(rarity)
    if n < 2:
        return np.full((n, 2), 0.5, np.float32)
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    rarity = rarity.astype(np.float32)
    np.fill_diagonal(rarity, -1)
    distance = np.sqrt(rarity.max(axis=1, keepdims=True) - rarity)
    np.fill_diagonal(distance, 0)
    tsne = TSNE(
        perplexity=min(_PERPLEXITY, (n - 1) / 3),
        early_exaggeration=_EXAGGERATION,
        # The rate of Belkina et al. (2019). With the library's default, 50 or more, small sets fly
        # apart.
        learning_rate=max(n / _EXAGGERATION / _GRADIENT_FACTOR, 1),
        max_iter=_STEPS,
        angle=_ANGLE,
        min_grad_norm=0,  # don't stop early: the first steps are small if all groups have one size
        metric="precomputed",
        init="random",
        random_state=_SEED,
    )
    with threadpool_limits(limits=1):  # sums over several threads have no fixed order
        positions = tsne.fit_transform(distance)
    low, high = positions.min(axis=0), positions.max(axis=0)
    side = (high - low).max()
    if not side > 0:
        return np.full((n, 2), 0.5, np.float32)
    inside: np.ndarray = np.clip((positions - (low + high) / 2) / side + 0.5, 0, 1)
    return inside.astype(np.float32)


def _rarity_matrix(fusion: EvidenceFusion, content: np.ndarray) -> np.ndarray:
    """The rarity of all pairs of contents, (n, n) float32."""
    n = len(content)
    rarity = np.zeros((n, n), np.float32)
    a, b = np.triu_indices(n, 1)
    rarity[a, b] = fusion.rarity(content[a], content[b])
    return rarity + rarity.T
