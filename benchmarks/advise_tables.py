"""Advice on real tables that come with installed packages, and what following it gains.

`python -m benchmarks.advise_tables --budget 5m` writes `results/advise/NAME/` for each of them and
`results/advise/gains.md`; `--tables breast_cancer,digits` takes some of them only. The tables lie
in `--folder`, as files that `python -m zoo advise --data FILE` reads. Some come with packages that
the zoo does not need otherwise: pip install scikit-lego==0.9.* statsmodels==0.15.*
vega_datasets==0.9.*
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
HEAD = """\
# What following advice gains

On rows that advice has not looked at, in points of accuracy or of R2; intervals cover rows, and of
classes seeds. How many questions fit into the budget depends on how busy the machine is.

| table | rows | budget | asked | advice | network % | advised % | gain | boosted trees % |
|---|---|---|---|---|---|---|---|---|
"""


def _sklearn(name: str) -> pd.DataFrame:
    from sklearn import datasets

    frame: pd.DataFrame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    return frame


def _boston() -> pd.DataFrame:
    from mlxtend.data import boston_housing_data

    x, y = boston_housing_data()
    names = [
        "crim",
        "zn",
        "indus",
        "chas",
        "nox",
        "rm",
        "age",
        "dis",
        "rad",
        "tax",
        "ptratio",
        "b",
        "lstat",
    ]
    return pd.DataFrame(x, columns=names).assign(medv=y)


def _autompg() -> pd.DataFrame:
    from mlxtend.data import autompg_data

    x, y = autompg_data()
    names = ["cylinders", "displacement", "horsepower", "weight", "acceleration", "year", "origin"]
    frame = pd.DataFrame(x).iloc[:, : len(names)]
    frame.columns = pd.Index(names)
    return frame.assign(mpg=y)


def _lego(name: str, target: str) -> pd.DataFrame:
    datasets = import_module("sklego.datasets")
    return _last(getattr(datasets, f"load_{name}")(as_frame=True), target)


def _elections() -> pd.DataFrame:
    frame = import_module("statsmodels.datasets.anes96").load_pandas().data
    return _last(frame.assign(vote=frame["vote"].map({0.0: "Clinton", 1.0: "Dole"})), "vote")


def _weather() -> pd.DataFrame:
    data = import_module("vega_datasets").local_data
    return _last(data.seattle_weather(), "weather")


def _last(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Returns a table with its target as the last column."""
    return frame[[*frame.columns.drop(target), target]]


TABLES: Mapping[str, Callable[[], pd.DataFrame]] = {
    "breast_cancer": lambda: _sklearn("breast_cancer"),
    "autompg": _autompg,
    "diabetes": lambda: _sklearn("diabetes"),
    "digits": lambda: _sklearn("digits"),
    "boston_housing": _boston,
    "penguins": lambda: _lego("penguins", "species"),
    "hearts": lambda: _lego("hearts", "target"),
    "abalone": lambda: _lego("abalone", "rings"),
    "anes96": _elections,
    "seattle_weather": _weather,
}


def row(record: Mapping[str, Any]) -> str:
    """Returns a row of the table of gains.

    Args:
        record: An answer, as in `advice.json`.
    """
    held = record["held_out"]
    scores = {each["model"]: f"{100 * each['mean']:.1f}" for each in held["scores"]}
    gain, best = held["gain"], record["together"]["best"]
    told = "" if gain is None else "{:+.1f} [{:+.1f}, {:+.1f}]".format(
        *(100 * gain[name] for name in ("mean", "low", "high"))
    )  # fmt: skip
    name = record["name"]
    cells = [
        f"[{name}]({name}/advice.md)",
        f"{record['rows'] + record['kept_back']:,}",
        f"{record['budget_seconds'] / 60:g} min",
        f"{len(record['items'])} of {len(record['items']) + len(record['not_asked'])}",
        " and ".join(best) or "change nothing",
        scores["baseline"],
        scores.get("advised", ""),
        told,
        scores.get("boosted trees", ""),
    ]
    return f"| {' | '.join(cells)} |"


def gains(folder: Path) -> str:
    """Returns what following all answers in a folder gains, as Markdown."""
    records = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*/advice.json"))
    ]
    return HEAD + "\n".join(row(each) for each in records if each["held_out"]) + "\n"


def main() -> None:
    """Asks on every table and writes what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--budget", default="5m", help="of each table")
    parser.add_argument("--tables", default=",".join(TABLES), help="names, separated by commas")
    parser.add_argument("--folder", type=Path, default=None, help="where the tables are written")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="the folder")
    asked = parser.parse_args()
    from zoo.adviser import answered
    from zoo.engine.device import import_keras

    import_keras()
    folder = asked.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    for name in asked.tables.split(","):
        path = folder / f"{name}.csv"
        TABLES[name]().to_csv(path, index=False)
        answered(
            str(path),
            table=None,
            budget=asked.budget,
            margin=1.0,
            knobs=(),
            model=None,
            results=asked.results,
            tell=print,
            command=f"python -m zoo advise --data {name}.csv --budget {asked.budget}",
            began=time.perf_counter(),
            name=name,
        )
        (asked.results / "advise" / "gains.md").write_text(gains(asked.results / "advise"))


if __name__ == "__main__":
    main()
