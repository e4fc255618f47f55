"""What large data take: memory beside their own bytes, seconds to load, and the estimate of time.

A million examples of 30 numbers, as arrays and as CSV, and 50,000 images of 32 x 32 x 3 bytes. Each
is loaded in a process of its own, whose peak memory, less that of the imports, is told beside the
float32 features that training needs. Then a network is trained, after `--dry-run` has said how long
that will take and how much memory the data will; that process's peak, less that of the same command
on 2,000 examples, stands beside it. Times are of this machine as busy as it is, both alike. Written
is `results/size.md`.

    python -m benchmarks.size
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

FILE = Path("results/size.md")
ROWS, COLUMNS, IMAGES = 1_000_000, 30, 50_000
RUN = ("--variants", "tanh", "--seeds", "1", "--batch-size", "1000", "--learning-rates", "0.01")
EPOCHS = 5  # so that most of the time is training
HEAD = """# Large data: memory, seconds to load, and the estimate of time

Features are what training needs, float32; loading adds at most so much memory. Estimates are those
of `--dry-run`; measured is what the same command took without it: its peak beyond that of
2,000 examples, and its seconds of training. Seconds are of one machine with two cores, busy. The
half gibibyte that estimates count for work besides the data was chosen by these numbers.
"""
SMALL = 2_000  # examples that take no memory to speak of
# Of `getrusage` a child begins with the peak of its parent, so Linux is asked itself.
PROGRAM = """
import pathlib, re, sys, time
import pandas, skrub
from zoo import data

def memory(name):
    text = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(re.search(name + r":\\s+(\\d+)", text)[1])

before, began = memory("VmRSS"), time.perf_counter()
found = data.load_draws(sys.argv[1])
size = found.x_train.nbytes + found.x_validation.nbytes + found.x_test.nbytes
print(memory("VmHWM") - before, size, time.perf_counter() - began)
"""
# The command line, and then the peak of its memory.
COMMAND = """
import pathlib, re, runpy, sys

try:
    runpy.run_module("zoo", run_name="__main__", alter_sys=True)
except SystemExit as ended:
    if ended.code:
        raise
text = pathlib.Path("/proc/self/status").read_text()
print("peak", 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", text)[1]))
"""
# Phases of a run that are no training, which the estimate leaves out.
OTHERS = (
    *("import", "data", "plan and keys", "store", "tables and verdicts", "pictures", "rest"),
    "together",
)
SECONDS = {"s": 1, "min": 60, "h": 3600}


def make(folder: Path, rows: int, images: int) -> dict[str, Path]:
    """Writes the data and returns their paths by what they are."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(rows, COLUMNS)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] > 0).astype(np.int32)
    folder.mkdir()
    paths = {
        f"{rows:,} x {COLUMNS} numbers, .npz": folder / "arrays.npz",
        f"{rows:,} x {COLUMNS} numbers, .csv": folder / "table.csv",
        f"{images:,} images of 32 x 32 x 3, .npz": folder / "images.npz",
    }
    arrays, table, pictures = paths.values()
    np.savez(arrays, x=x, y=y)
    frame = pd.DataFrame(x, columns=[f"column_{place}" for place in range(COLUMNS)])
    frame.assign(label=y).to_csv(table, index=False, float_format="%.4f")
    pixels = draw.integers(0, 256, (images, 32, 32, 3), dtype=np.uint8)
    np.savez(pictures, x=pixels, y=np.arange(images) % 10)
    return paths


def loaded(path: Path) -> tuple[float, float, float]:
    """Returns the bytes that loading takes at most, those of the features, and the seconds."""
    told = _output(["-c", PROGRAM, str(path)]).split()
    memory, features, seconds = map(float, told[-3:])
    return memory, features, seconds


def told(path: Path, folder: Path) -> tuple[str, str]:
    """Returns the seconds of training and the MB of the data that `--dry-run` tells."""
    text = _output(["-m", "zoo", *_words(path, folder), "--dry-run"])
    time = re.search(r"time: about ([\d.]+) (s|min|h) ", text)
    memory = re.search(r"memory: about ([\d.]+) GiB for data and work", text)
    seconds = f"{float(time[1]) * SECONDS[time[2]]:.0f}" if time else "less than 60"
    return seconds, f"{float(memory[1]) * 2**30 / 1e6:,.0f}" if memory else "less than 134"


def trained(path: Path, folder: Path) -> tuple[float, float]:
    """Returns the seconds of training, and the peak of the process's memory in bytes."""
    text = _output(["-c", COMMAND, *_words(path, folder), "--profile"])
    phases = re.findall(r"^(\w[\w ]*?) {2,}([\d.]+) {2,}[\d.]+ ", text, re.MULTILINE)
    seconds = sum(float(each) for phase, each in phases if phase not in OTHERS)
    return seconds, float(text.rpartition("peak")[2])


def _words(path: Path, folder: Path) -> list[str]:
    """Returns the command line of a run on a data set."""
    words = ["run", "activation", "--data", str(path), *RUN, "--epochs", str(EPOCHS)]
    return [*words, "--results", str(folder)]


def _output(words: Sequence[str]) -> str:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def row_of(label: str, path: Path, small: Path, folder: Path) -> dict[str, str]:
    """Returns what one data set takes, as a row of the table.

    Args:
        label: What it is called.
        path: Its file.
        small: A file with few examples of the same kind.
        folder: Where runs are kept.
    """
    memory, features, seconds = loaded(path)
    estimate, most = told(path, folder)
    took, peak = trained(path, folder)
    _, least = trained(small, folder)
    return {
        "data": label,
        "file MB": f"{path.stat().st_size / 1e6:,.0f}",
        "features MB": f"{features / 1e6:,.0f}",
        "loading MB": f"{memory / 1e6:,.0f}",
        "loaded in s": f"{seconds:.1f}",
        "estimated MB": most,
        "measured MB": f"{(peak - least) / 1e6:,.0f}",
        "estimated s": estimate,
        "measured s": f"{took:.0f}",
    }


def main() -> None:
    """Measures all data sets and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="Of the examples.")
    share = parser.parse_args().share
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large, small = folder / "large", folder / "small"
        paths = make(large, int(share * ROWS), int(share * IMAGES))
        make(small, SMALL, SMALL)
        rows = [
            row_of(label, path, small / path.name, folder / "results")
            for label, path in paths.items()
        ]
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    text = "\n".join([HEAD, *(f"| {' | '.join(line)} |" for line in lines), ""])
    print(text)  # noqa: T201
    if share == 1:
        FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
