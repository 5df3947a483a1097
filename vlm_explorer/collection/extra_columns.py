"""The further columns of captions tables, which images keep as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def with_extra_columns(images: pa.Table) -> pa.Table:
    """Return `images` with the JSON column `extra` spread into columns of text."""
    import pyarrow as pa

    parsed = [json.loads(text) if text else {} for text in images["extra"].to_pylist()]
    names = list(dict.fromkeys(name for row in parsed for name in row))
    images = images.drop_columns(["extra"])
    for name in names:
        if name not in images.column_names:
            values = pa.array([row.get(name, "") for row in parsed], pa.string())
            images = images.append_column(name, values)
    return images
