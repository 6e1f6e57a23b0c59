"""What echoes known material by hashes of pictures and keys of texts."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals import SIGNALS, caption_key, pdq, phash
from frametrace.embed.text.minhash_values import PERMUTATIONS
from frametrace.index.base import CodeIndex
from frametrace.index.codes import Codes
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.index.store import open_as
from frametrace.matcher.results import Relation
from frametrace.matcher.tips.by_text import MOST_DIFFERENT, saying_enough
from frametrace.matcher.tips.known_material import FOUND, EchoSettings, found_in
from frametrace.matcher.tips.nearest_items import Nearest, nearest_hashes, nearest_keys

__all__ = ["by_hash"]

_WIDTH: Mapping[str, int] = {
    pdq.Pdq.name: pdq.BITS // 8,
    phash.Phash.name: phash.BITS // 8,
    caption_key.CaptionKey.name: PERMUTATIONS,
}


def by_hash(
    case: Case, material: pa.Table, settings: EchoSettings, items: pa.Array | None
) -> pa.Table:
    """What of a case lies near some material, in the schema FOUND; `items` narrows it to some."""
    found = [
        _by_signal(case, material, name, settings, items)
        for name in settings.signals
        if name in _WIDTH and case.epoch.rows(signal_table(name))
    ]
    return _unlike_flat(case, found_in(found))


def _unlike_flat(case: Case, found: pa.Table) -> pa.Table:
    """Without pictures that only pHash finds and that PDQ knows to be flat."""
    if not case.epoch.rows(signal_table(pdq.Pdq.name)) or not found.num_rows:
        return found
    table = case.read(signal_table(pdq.Pdq.name), ["sha256", "quality"])
    flat = table.filter(pc.less(table["quality"], pdq.Pdq.min_quality))["sha256"].combine_chunks()
    by_phash = pc.equal(found["signal"], phash.Phash.name)
    return found.filter(pc.invert(pc.and_(by_phash, pc.is_in(found["sha256"], value_set=flat))))


def _by_signal(
    case: Case,
    material: pa.Table,
    name: str,
    settings: EchoSettings,
    items: pa.Array | None,
) -> pa.Table:
    wanted, codes = _codes(material, name)
    if not len(wanted):
        return FOUND.empty_table()
    index = open_as(CodeIndex, case, name) if items is None else None
    here = index.codes if index else _codes_of(case, name, pa.table({"sha256": items}))
    if not len(here):
        return FOUND.empty_table()
    if name == caption_key.CaptionKey.name:
        near = nearest_keys(here.codes, codes, MOST_DIFFERENT)
        return saying_enough(case, _table(here, wanted, near, name))
    hashes = index or HammingIndex(here)
    radius = settings.max_pdq if name == pdq.Pdq.name else settings.max_phash
    near = nearest_hashes(hashes, codes, radius)
    return _table(here, wanted, near, name)


def _codes_of(case: Case, name: str, items: pa.Table) -> Codes:
    """The codes of some of the case's items, without an index of all."""
    with connect(case, signal_table(name)) as connection:
        connection.register("wanted", items)
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


def _codes(material: pa.Table, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Which rows of the material are compared by a signal, and their (m, k) codes."""
    keep = pc.is_valid(material[name])
    if name == pdq.Pdq.name:
        low = pc.less(material["quality"], pdq.Pdq.min_quality).fill_null(False)
        keep = pc.and_(keep, pc.invert(low))
    elif name == phash.Phash.name:
        keep = pc.and_(keep, pc.is_null(material[pdq.Pdq.name]))
    wanted = np.flatnonzero(keep.combine_chunks().to_numpy(zero_copy_only=False))
    values = material[name].take(pa.array(wanted)).combine_chunks()
    raw = b"".join(values.to_pylist())
    numbers = np.frombuffer(raw, ">u4" if name == caption_key.CaptionKey.name else np.uint8)
    native = numbers.astype(numbers.dtype.newbyteorder("="))
    return wanted, native.reshape(-1, _WIDTH[name])


def _table(codes: Codes, wanted: np.ndarray, near: Nearest, name: str) -> pa.Table:
    """One row per item of the case that has a code for which something near was found."""
    code = near.row
    size = codes.starts[code + 1] - codes.starts[code]
    at = np.repeat(codes.starts[code] - (np.cumsum(size) - size), size) + np.arange(size.sum())
    hashed = name != caption_key.CaptionKey.name
    bits = 8 * codes.codes.shape[1] if hashed else PERMUTATIONS
    value = np.repeat(near.value, size)
    columns = [
        codes.digests(at),
        pa.array(np.repeat(wanted[near.item], size), pa.int64()),
        pa.array([name] * len(at), pa.string()),
        pa.array(value.astype(np.int32)) if hashed else pa.nulls(len(at), pa.int32()),
        pa.array((1 - value / bits).astype(np.float32)),
        pa.array(np.repeat(near.near, size), pa.int64()),
        pa.repeat(str(Relation.COPY), len(at)),
        pa.nulls(len(at), pa.bool_()),
    ]
    return pa.Table.from_arrays(columns, schema=FOUND)
