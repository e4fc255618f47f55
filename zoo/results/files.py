"""Reads and writes the files of a results folder."""

from __future__ import annotations

import contextlib
import io
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.errors import ZooError, closest
from zoo.results import schema, scores

NUMBER = "%.6g"

EXACT = "%.10g"  # of single runs, whose ties must stay ties


def write_frame(path: Path, frame: pd.DataFrame, number: str = NUMBER) -> None:
    """Writes a table as CSV, numbers with six digits unless told otherwise."""
    text = frame.to_csv(index=False, float_format=number, lineterminator="\n")
    write_text(path, text)


def write_text(path: Path, text: str) -> None:
    """Writes a text as `write_bytes` does."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file so that a reader sees the old one or the new one, never half of it.

    Raises:
        ZooError: If it cannot be written; the old one is kept.
    """
    prefix = f".{path.name}.{platform.node()}."
    temporary = path.with_name(f"{prefix}{os.getpid()}")
    _remove_left_behind(path.parent, prefix)
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise ZooError(
            f"{path} cannot be written ({error.strerror}); it is as it was. Make room or check the "
            "folder's permissions, then run the same again."
        ) from error
    finally:
        with contextlib.suppress(OSError):  # of a folder that is gone or not ours
            temporary.unlink(missing_ok=True)


def _remove_left_behind(folder: Path, prefix: str) -> None:
    """Removes half-written files of processes of this machine that were killed."""
    with contextlib.suppress(OSError):  # of a folder that is gone or not ours: writing will say so
        for other in folder.iterdir():
            number = other.name.removeprefix(prefix)
            if other.name.startswith(prefix) and number.isdecimal() and not _runs(int(number)):
                other.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # somebody else's, or no number of a process
        return True
    return True


def results_folder(root: Path, name: str) -> Path:
    """Returns the folder of an experiment's results.

    Raises:
        ZooError: If there are none; says how to make them.
    """
    folder = root / name
    if not all(path.is_file() for path in (folder / "spec.json", table_in(folder))):
        there = sorted(path.parent.name for path in root.glob("*/spec.json"))
        plain = [each for each in there if "@" not in each]
        likely = there if "@" in name else plain or there
        hint = closest(name, likely) if there else "Nothing has been run there yet."
        raise ZooError(
            f"There are no results for {name!r} in {root}. {hint} "
            f"`python -m zoo run {name.partition('@')[0]}` makes them."
        )
    return folder


def read_spec(folder: Path) -> dict[str, Any]:
    """Reads the declaration that the results in a folder were made with.

    Raises:
        ZooError: If it is damaged; says how.
    """
    return schema.read_spec(folder / "spec.json")


def table_in(folder: Path) -> Path:
    """Returns the file with the table of a results folder, whether it is there or not."""
    put_together = (folder / name for name in ("holds_when.csv", "panel.csv"))
    return next((path for path in put_together if path.is_file()), folder / "table.csv")


def overlap_of(spec: Mapping[str, Any]) -> float:
    """Returns held-out over training examples of seeds that share them, 0 if none do."""
    return float(spec.get("data", {}).get("overlap", 0.0))


def read_table(folder: Path) -> pd.DataFrame:
    """Reads table.csv, or holds_when.csv or panel.csv of what was put together."""
    return read_frame(table_in(folder))


def read_frame(path: Path) -> pd.DataFrame:
    """Reads a result table; labels such as "None" and "NA" are labels, not missing values.

    Raises:
        ZooError: If it is damaged; names the line and the column.
    """
    beside = path.with_name("spec.json")
    spec = schema.read_spec(beside) if beside.is_file() else {}
    text = scores.header_from_files(spec, schema.read_text(path))
    schema.check_table(path, text, spec.get("variants"))
    kinds = dict.fromkeys(("variant", "metric", "trial"), str)
    header = text.partition("\n")[0].split(",")
    kinds |= {name: str for name in header if name.startswith("set_")}
    frame = pd.read_csv(io.StringIO(text), dtype=kinds, keep_default_na=False, na_values=[""])
    return scores.from_files(spec, frame)
