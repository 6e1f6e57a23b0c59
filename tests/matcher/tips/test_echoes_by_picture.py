"""Hash matches that local features contradict are dropped: statements on one letterhead."""

import numpy as np
import pyarrow as pa
import pytest
from making import jpeg, make_case, photo
from picturing import statement

from frametrace.matcher.tips.echoes_by_picture import contradicted_by_features
from frametrace.work.executor import InProcess

SIGNALS = ("pdq", "local")


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    pictures = {"letter": statement(1), "other": statement(2), "photo": photo(3)}
    files = {f"{name}.jpg": jpeg(image, 60) for name, image in pictures.items()}
    posts = [{"post_id": name, "media": [f"{name}.jpg"]} for name in pictures]
    return make_case(tmp_path_factory.mktemp("letters"), posts, files, SIGNALS)


@pytest.fixture(scope="module")
def known(case):
    """Digests and local features by the names of the posts."""
    links = case.read("post_media", ["post_id", "sha256"]).to_pylist()
    codes = case.read("signals/local", ["sha256", "code"]).to_pylist()
    by_digest = {row["sha256"]: row["code"] for row in codes}
    return {row["post_id"]: (row["sha256"], by_digest[row["sha256"]]) for row in links}


def judged(case, known, *pairs, features=True):
    pictures = pa.array([known[name][0] for name, _ in pairs], pa.string())
    codes = [known[of][1] if features else None for _, of in pairs]
    return contradicted_by_features(case, pictures, pa.array(codes, pa.binary()), InProcess())


def test_a_statement_on_one_letterhead_with_other_words_is_contradicted(case, known):
    wrong = judged(case, known, ("letter", "other"), ("letter", "letter"), ("other", "letter"))
    assert wrong.tolist() == [True, False, True]


def test_photos_and_pictures_without_features_are_never_contradicted(case, known):
    assert not judged(case, known, ("photo", "letter"), ("photo", "photo")).any()
    assert not judged(case, known, ("letter", "other"), features=False).any()
    strange = pa.array(["0" * 64], pa.string())  # a text, or a picture without features
    codes = pa.array([known["letter"][1]], pa.binary())
    assert contradicted_by_features(case, strange, codes, InProcess()).tolist() == [False]
    assert contradicted_by_features(case, strange[:0], codes[:0], InProcess()).dtype == np.dtype(
        bool
    )
