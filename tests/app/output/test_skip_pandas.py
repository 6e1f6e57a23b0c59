"""PyArrow doesn't import pandas in a command; who needs pandas can still use it."""

import subprocess
import sys

import pytest

CODE = """
import sys
import pyarrow as pa
from frametrace.app.output.skip_pandas import skip_pandas
{before}
skip_pandas()
pa.array(["a list"])
print("pandas" in sys.modules)
import pandas
print(pa.table({{"a": [1, 2]}}).to_pandas()["a"].tolist())
"""


@pytest.mark.parametrize("before", ["", "import pandas"])
def test_it_is_imported_only_by_who_needs_it(before: str) -> None:
    pytest.importorskip("pandas")
    code = CODE.format(before=before)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:2] == [str(bool(before)), "[1, 2]"]
