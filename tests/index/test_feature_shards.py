"""Values of variable length, read from shards."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from frametrace.index.feature_shards import CodeShards


def test_a_shard_that_was_read_through_takes_no_memory(tmp_path):
    """Shards stay open, 8 kB a picture: a million pictures would be held in memory."""
    rng = np.random.default_rng(1)
    codes = [rng.bytes(8_000) for _ in range(2_000)]
    digests = [f"{at:064x}" for at in range(len(codes))]
    path = tmp_path / "0.parquet"
    pq.write_table(pa.table({"sha256": digests, "code": codes}), path, row_group_size=32)
    shards, wanted = CodeShards([path]), np.ones(len(codes), bool)
    shards.digests(0)
    before = pa.total_allocated_bytes()
    read = [code for _, some in shards.codes(0, wanted) for code in some]
    assert read == codes
    assert pa.total_allocated_bytes() - before < 1_000_000
    assert shards.code(0, 1_234) == codes[1_234]
