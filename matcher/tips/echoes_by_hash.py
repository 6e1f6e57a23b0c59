"""Finds echoes of known material by picture hashes (PDQ, pHash) and MinHash keys of texts."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals import SIGNALS, caption_key, pdq, phash
from frametrace.embed.text.minhash_values import PERMUTATIONS
from frametrace.index.distinct_codes import Codes
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.index.index_store import open_index
from frametrace.index.minhash import MinHashIndex
from frametrace.index.ranges import expand_ranges
from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.tips.echoes_by_text import MAX_DIFFERENT_VALUES, drop_uninformative
from frametrace.matcher.tips.known_material import NEAREST_ITEMS, EchoSettings, concat_matches
from frametrace.matcher.tips.nearest_items import NearestItems, nearest_hashes, nearest_keys

__all__ = ["echoes_by_hash", "hash_index", "known_codes"]

_WIDTH: Mapping[str, int] = {  # bytes of a hash, values of a MinHash key
    pdq.Pdq.name: pdq.BITS // 8,
    phash.Phash.name: phash.BITS // 8,
    caption_key.CaptionKey.name: PERMUTATIONS,
}


def echoes_by_hash(
    case: Case, material: pa.Table, settings: EchoSettings, items: pa.Array | None
) -> pa.Table:
    """The pictures and texts of a case that are close to known material, as NEAREST_ITEMS.

    `items` limits the search to these digests.
    """
    matches = [
        _by_signal(case, material, name, settings, items)
        for name in settings.signals
        if name in _WIDTH and case.epoch.rows(signal_table(name))
    ]
    return _drop_flat_pictures(case, concat_matches(matches))


def _drop_flat_pictures(case: Case, matches: pa.Table) -> pa.Table:
    """Drop pHash matches of pictures with a low PDQ quality: flat pictures match each other."""
    if not case.epoch.rows(signal_table(pdq.Pdq.name)) or not matches.num_rows:
        return matches
    table = case.read(signal_table(pdq.Pdq.name), ["sha256", "quality"])
    flat = table.filter(pc.less(table["quality"], pdq.Pdq.min_quality))["sha256"].combine_chunks()
    by_phash = pc.equal(matches["signal"], phash.Phash.name)
    is_flat = pc.is_in(matches["sha256"], value_set=flat)
    return matches.filter(pc.invert(pc.and_(by_phash, is_flat)))


def _by_signal(
    case: Case,
    material: pa.Table,
    name: str,
    settings: EchoSettings,
    items: pa.Array | None,
) -> pa.Table:
    rows, known = known_codes(material, name)
    if not len(rows):
        return NEAREST_ITEMS.empty_table()
    if name == caption_key.CaptionKey.name:
        keys = _minhash_keys(case, items)
        nearest = nearest_keys(keys.codes, known, MAX_DIFFERENT_VALUES)
        return drop_uninformative(case, _table(keys, rows, nearest, name))
    index = hash_index(case, name, items)
    radius = settings.max_pdq if name == pdq.Pdq.name else settings.max_phash
    nearest = nearest_hashes(index, known, radius)
    return _table(index.codes, rows, nearest, name)


def known_codes(material: pa.Table, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the material that are compared by a signal, and their (m, k) codes."""
    keep = pc.is_valid(material[name])
    if name == pdq.Pdq.name:
        low = pc.less(material["quality"], pdq.Pdq.min_quality).fill_null(False)
        keep = pc.and_(keep, pc.invert(low))
    elif name == phash.Phash.name:
        keep = pc.and_(keep, pc.is_null(material[pdq.Pdq.name]))
    rows = np.flatnonzero(keep.combine_chunks().to_numpy(zero_copy_only=False))
    values = material[name].take(pa.array(rows)).combine_chunks()
    content = b"".join(values.to_pylist())
    numbers = np.frombuffer(content, ">u4" if name == caption_key.CaptionKey.name else np.uint8)
    native = numbers.astype(numbers.dtype.newbyteorder("="))
    return rows, native.reshape(-1, _WIDTH[name])


def hash_index(case: Case, name: str, items: pa.Array | None) -> HammingIndex:
    """The index of all hashes of a case, or a temporary one of some items."""
    if items is None:
        return open_index(case, name, HammingIndex)
    return HammingIndex(_case_codes(case, name, items))


def _minhash_keys(case: Case, items: pa.Array | None) -> Codes:
    name = caption_key.CaptionKey.name
    if items is None:
        return open_index(case, name, MinHashIndex).codes
    return _case_codes(case, name, items)


def _case_codes(case: Case, name: str, items: pa.Array) -> Codes:
    """The codes of some items of a case, read without its index."""
    with connect(case, signal_table(name)) as connection:
        connection.register("wanted", pa.table({"sha256": items}))
        rows = connection.sql(
            f"SELECT sha256, code FROM {name} SEMI JOIN wanted USING (sha256) "  # noqa: S608
            f"WHERE {SIGNALS[name].usable_sql()}"
        ).to_arrow_table()
    digests = np.frombuffer(bytes.fromhex("".join(rows["sha256"].to_pylist())), np.uint8)
    values = rows["code"].combine_chunks()
    if name == caption_key.CaptionKey.name:
        array = values.flatten().to_numpy(zero_copy_only=False)
    else:
        array = np.frombuffer(b"".join(values.to_pylist()), np.uint8)
    width = _WIDTH[name]
    return Codes.collapse(array.reshape(-1, width), digests.reshape(-1, 32))


def _table(codes: Codes, rows: np.ndarray, nearest: NearestItems, name: str) -> pa.Table:
    """One row per matched item of the case; `rows` maps known codes to rows of the material."""
    which, member = expand_ranges(codes.starts[nearest.row], np.diff(codes.starts)[nearest.row])
    is_hash = name != caption_key.CaptionKey.name
    values = 8 * codes.codes.shape[1] if is_hash else PERMUTATIONS
    different = nearest.value[which]
    columns = [
        codes.digests(member),
        pa.array(rows[nearest.item[which]], pa.int64()),
        pa.repeat(name, len(member)),
        pa.array(different.astype(np.int32)) if is_hash else pa.nulls(len(member), pa.int32()),
        pa.array((1 - different / values).astype(np.float32)),
        pa.array(nearest.near[which], pa.int64()),
        pa.repeat(str(Relation.COPY), len(member)),
        pa.nulls(len(member), pa.bool_()),
    ]
    return pa.Table.from_arrays(columns, schema=NEAREST_ITEMS)
