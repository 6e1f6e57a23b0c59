"""Tips of versions 1 and 2, and untrusted local features: what is refused."""

import base64
import json

import numpy as np
import pyarrow.compute as pc
import pytest
from making import jpeg, made_features, make_case
from picturing import detailed
from PIL import ImageOps
from tipping import exported, raw

from frametrace.matcher.tips.canonical_json import digest_of, short_digest
from frametrace.matcher.tips.check import check_tip
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.signatures import make_keys, sign
from frametrace.matcher.tips.signed_documents import TIP, write_document
from frametrace.matcher.tips.tip_model import FINGERPRINTS, MAX_FEATURES, Head
from frametrace.posts.errors import TipError
from frametrace.work.executor import InProcess

PICTURES = {"one": detailed(1), "two": detailed(2), "mirrored": ImageOps.mirror(detailed(1))}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """One account for each picture."""
    files = {f"{name}.jpg": jpeg(image, 70) for name, image in PICTURES.items()}
    posts = [{"account_id": name, "post_id": name, "media": [f"{name}.jpg"]} for name in PICTURES]
    return make_case(tmp_path_factory.mktemp("case"), posts, files, signals=("pdq", "local"))


@pytest.fixture(scope="module")
def tip(case, tmp_path_factory):
    path = tmp_path_factory.mktemp("tip") / "tip.json"
    exported(case, path, Selection(accounts=("one", "two")))
    return path


def found_by(case, path, **options):
    found = check_tip(case, read_tip(path), executor=InProcess(), **options)
    return set(found.echoes["account_id"].to_pylist())


def old_tip(path, source, key=None, version=1, signed=1):
    """The tip as an earlier Frametrace would have written it, perhaps signed for a version."""
    content = json.loads(source.read_text("utf-8"))
    content["head"]["signals"].pop("local", None)
    for item in content["items"]:
        item["signals"].pop("local", None)
        item["id"] = f"{item['id'].split('-')[0]}-{short_digest(item['signals'])}"
    content["frametrace_tip"] = version
    for name in ("sha256", "signature"):
        content.pop(name, None)
    content["sha256"] = digest_of(content)
    if key is not None:
        message = f"frametrace_tip {signed} {content['sha256']}".encode()
        content["signature"] = sign(key, message)
    path.write_text(json.dumps(content, sort_keys=True), "utf-8")
    return path


def test_tips_of_version_1_are_read_and_their_signature_holds(case, tip, tmp_path):
    secret, public, signer = make_keys(tmp_path / "key")
    old = read_tip(old_tip(tmp_path / "old.json", tip, secret), [public])
    assert (old.signature.signer, old.signature.trusted) == (signer, True)
    assert old.items["local"].null_count == 2
    assert found_by(case, tmp_path / "old.json") == {"one", "two"}
    new = read_tip(old_tip(tmp_path / "new.json", tip, secret, 2, 2), [public])
    assert new.sha256 != old.sha256


@pytest.mark.parametrize(("version", "signed"), [(1, 2), (2, 1)])
def test_a_signature_cannot_be_moved_to_another_version(tip, tmp_path, version, signed):
    secret, _, _ = make_keys(tmp_path / "key")
    with pytest.raises(TipError, match="an invalid signature"):
        read_tip(old_tip(tmp_path / "tip.json", tip, secret, version, signed))


@pytest.mark.parametrize("version", [0, 4, -1, True, 1.0, "2", None])
def test_other_versions_are_refused(tip, tmp_path, version):
    with pytest.raises(TipError, match=r"version|number|schema"):
        read_tip(old_tip(tmp_path / "tip.json", tip, version=version))


def changed(path, source, change):
    """A tip that was changed, with a new valid digest."""
    content = json.loads(source.read_text("utf-8"))
    change(content)
    for item in content["items"]:
        item["id"] = f"{item['id'].split('-')[0]}-{short_digest(item['signals'])}"
    return raw(path, content)


def test_features_with_another_fingerprint_are_refused_and_hashes_compared(case, tip, tmp_path):
    def change(content):
        content["head"]["signals"]["local"]["fingerprint"] = "orb:1"

    path = changed(tmp_path / "tip.json", tip, change)
    with pytest.raises(TipError, match=r"local with orb:1.*--signal"):
        found_by(case, path)
    assert found_by(case, path, signals=["pdq"]) == {"one", "two"}


HEAD = np.array([400, 300], "<u2").tobytes()
GARBAGE = {
    "letters": b"garbage and more garbage",
    "too short": b"\0\1",
    "no size": bytes(4),
    "too large": np.array([401, 300], "<u2").tobytes(),
    "half a feature": HEAD + bytes(30),
    "outside": HEAD + b"\xff" * 22,
    "too many": HEAD + made_features(1, MAX_FEATURES + 1).tobytes(),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_invalid_features_are_refused(tip, tmp_path, name):
    def change(content):
        content["items"][0]["signals"]["local"] = base64.b64encode(GARBAGE[name]).decode()

    with pytest.raises(TipError, match=r"local features are invalid|schema"):
        read_tip(changed(tmp_path / "tip.json", tip, change))


@pytest.mark.parametrize(
    "text", ["", "AAAA=", "AA==AAAA", "AAA", "ÄÄÄÄ", "A" * 8196, "AAAA\n", 5, []]
)
def test_invalid_base64_is_refused(tip, tmp_path, text):
    def change(content):
        content["items"][0]["signals"]["local"] = text

    with pytest.raises(TipError, match=r"schema"):
        read_tip(changed(tmp_path / "tip.json", tip, change))


def tip_of(path, codes):
    items = []
    for code in codes:
        signals = {"local": base64.b64encode(code).decode("ascii")}
        items.append({"id": f"picture-{short_digest(signals)}", "signals": signals, "counts": []})
    head = Head(signals={"local": {"fingerprint": FINGERPRINTS["local"]}})
    write_document(path, TIP, head.to_json(), items)
    return path


def test_many_items_of_random_features_find_nothing(case, tmp_path):
    codes = [HEAD + made_features(seed, 40 + seed % 200).tobytes() for seed in range(2_000)]
    assert found_by(case, tip_of(tmp_path / "tip.json", codes)) == set()


def test_impossible_features_do_not_stop_a_check(case, tmp_path):
    """Their scales exceed any picture; the other values are those of a real picture."""
    media = case.read("post_media")
    (digest,) = media.filter(pc.equal(media["post_id"], "one"))["sha256"].to_pylist()
    codes = {row["sha256"]: row["code"] for row in case.read("signals/local").to_pylist()}
    rows = np.frombuffer(codes[digest][4:], made_features(1).dtype)[:MAX_FEATURES].copy()
    rows["scale"][::9] = 255
    path = tip_of(tmp_path / "tip.json", [codes[digest][:4] + rows.tobytes()])
    assert found_by(case, path) <= {"one", "mirrored"}


def test_items_with_no_or_one_feature_find_nothing(case, tmp_path):
    assert found_by(case, tip_of(tmp_path / "tip.json", [HEAD])) == set()
    lonely = HEAD + made_features(3, 1).tobytes()
    assert found_by(case, tip_of(tmp_path / "one.json", [lonely])) == set()
