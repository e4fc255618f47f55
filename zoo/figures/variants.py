"""Some of an experiment's variants: what is drawn where not all are asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from zoo.errors import ZooError, closest


def only(spec: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """Returns a declaration with some of its variants and the baseline, in declared order.

    Args:
        spec: The declaration as run.
        labels: Their labels; none for all.

    Raises:
        ZooError: If there is no such variant; the closest are offered.
    """
    known = list(spec["variants"])
    for label in labels:
        if label not in known:
            raise ZooError(
                f"{spec['experiment']} has no variant {label!r}. {closest(label, known)}"
            )
    kept = [label for label in known if not labels or label in (*labels, spec["baseline"])]
    return {**spec, "variants": kept, "all_variants": known}


def rows_in(spec: Mapping[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of a table that are of a declaration's variants."""
    return table[table["variant"].isin(spec["variants"])]
