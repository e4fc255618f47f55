"""What an experiment found, as an object: tables, verdicts, pictures, and how a notebook shows it.

It reads a results folder and needs neither Keras nor TensorFlow.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError, closest
from zoo.results.folders import root_of, settled_folder
from zoo.results.schema import read_spec

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# Those of the zoo's repository, which an installed package does not have.
COMMITTED = Path(__file__).resolve().parents[1] / "results"
HERE = Path("results")
CURVES = ("variant", "learning_rate", "epoch", "metric", "mean", "low", "high", "n")


def load(name: str | os.PathLike[str], results: str | os.PathLike[str] | None = None) -> Outcome:
    """Returns what an experiment found, from its results; runs nothing and imports no Keras.

    Args:
        name: Name of a results folder, such as `"dropout"`, `"dropout@data=digits"` or
            `"dropout@panel"`; or a path of one, such as `"elsewhere/results/dropout"`.
        results: The folder that holds it. If it is not given, `results` in the working folder,
            then that of the zoo's repository, where the zoo was not installed as a package.

    Raises:
        ZooError: If there are no such results; the closest names are offered.

    Example:
        >>> found = zoo.load("dropout")
        >>> found.table[["variant", "test_accuracy", "difference"]]
        >>> found.claims("DRO09")
        >>> found.plot("effect")
    """
    if not isinstance(name, str | os.PathLike) or not os.fspath(name).isprintable() or name == "":
        raise ZooError(f"`name` must be the name or path of results. Received: {name!r}")
    if isinstance(name, os.PathLike) or Path(name).name != name:
        path = Path(os.fspath(name)).resolve()
        return Outcome(_checked(path.parent, path.name))
    if results is not None:
        return Outcome(_checked(root_of(Path(os.fspath(results))), name))
    root = next((each for each in (HERE, COMMITTED) if (each / name / "spec.json").is_file()), None)
    there = HERE.is_dir() or not COMMITTED.is_dir()
    return Outcome(_checked(root or (HERE if there else COMMITTED), name))


def _checked(root: Path, name: str) -> Path:
    """Returns the folder of an experiment's results.

    Raises:
        ZooError: If there are none, or they are a search's.
    """
    from zoo.results.files import results_folder

    spec = root / name / "spec.json"
    if spec.is_file() and read_spec(spec).get("kind") == "search":
        raise ZooError(
            f"{name} is a search, not an experiment. Its trials are in {root / name / 'trials.csv'}"
        )
    try:
        return results_folder(root, name)
    except ZooError as error:
        if root != HERE or COMMITTED.is_dir():
            raise
        raise ZooError(
            f"{error}\nAn installed package has no results; the zoo's own are in its repository: "
            "zoo.load(name, results=...)."
        ) from error


class Outcome:
    """What an experiment found, from its results folder; each table is read when it is asked for.

    Attributes:
        folder: The results folder.
        name: Its name.
        spec: What was run, as in `spec.json`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.name = folder.name
        self.spec: dict[str, Any] = read_spec(folder / "spec.json")

    @property
    def kind(self) -> str:
        """What it is: `trained`, `measured`, `holds_when` (several values) or `panel`."""
        return str(self.spec.get("kind", "trained"))

    @cached_property
    def table(self) -> pd.DataFrame:
        """The table: as in `table.csv`, `holds_when.csv` or `panel.csv`.

        Of what was trained one row a variant, accuracies and differences as shares of 1, where the
        target is a number R2 in their place; of what
        was measured one row a variant, metric and place; of a panel one row a claim, effect and
        data set.
        """
        from zoo.results.files import read_table
        from zoo.results.scores import in_files

        return in_files(self.spec, read_table(self.folder))

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run, as in `runs.csv`; of what was measured one row a number and seed.

        Of several data sets or values it is the runs of all, with the columns that say on which.
        """
        if self.kind == "measured":
            return self._rows("measurements.csv")
        return self._rows("runs.csv")

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Mean and 95 % interval by variant, epoch and metric, as in `curves.csv`.

        Of several data sets or values it has the columns that say on which. What was measured has
        no curves: it has the columns and no rows.
        """
        if self.kind == "measured":
            import pandas as pd

            return pd.DataFrame(columns=list(CURVES))
        return self._rows("curves.csv")

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """One row a claim with its verdict, evidence and source, as `python -m zoo claims` has it.

        Where the experiment was settled on a panel of data sets, it is the panel's verdict; the
        columns `experiment` and `data` say so. Without claims it has no rows.
        """
        import pandas as pd

        from zoo.results import ledger
        from zoo.results.verdicts import COLUMNS

        if not (settled_folder(self.folder) / "verdicts.csv").is_file():
            return pd.DataFrame(columns=["experiment", *COLUMNS, *ledger.CONTEXT])
        return ledger.read(self.folder.parent, [self.name])

    def claims(self, *ids: str) -> pd.DataFrame:
        """Returns the verdicts on some claims, in the columns of `verdicts`.

        Args:
            ids: Their ids; that of a sentence stands for its parts, too ("HPO11" for "HPO11
                found"). Without any, all of them.

        Raises:
            ZooError: If the experiment has no such claim; the closest ids are offered.
        """
        known = list(dict.fromkeys(self.verdicts["id"]))
        wanted = []
        for given in ids:
            own = [each for each in known if each == given or each.startswith(f"{given} ")]
            if not own:
                offer = closest(str(given), known) if known else "It has no claims."
                raise ZooError(f"{self.name} has no claim {given!r}. {offer}")
            wanted += own
        rows = self.verdicts["id"].isin(wanted or known)
        return self.verdicts[rows].reset_index(drop=True)

    @property
    def pictures(self) -> list[str]:
        """Names of the pictures that `plot` draws."""
        from zoo.figures.kinds import shown

        return shown(self.folder)

    def plot(
        self,
        kind: str | None = None,
        *,
        size: str = "",
        theme: str = "light",
        variants: Sequence[str] = (),
    ) -> Figure:
        """Draws a picture, as `python -m zoo plot` does, and writes nothing.

        Args:
            kind: One of `pictures`; without it the effects, or the first.
            size: `slide` (8 x 4.5 inches), `paper` (6.5 inches wide, without heading) or `square`
                (5.4 inches); empty for as large as the picture needs.
            theme: `light` or `dark`.
            variants: Labels of those to draw beside the baseline; none for all.

        Returns:
            A matplotlib figure, which a notebook shows; `savefig` writes it.

        Raises:
            ZooError: If there is no such picture, size, theme or variant, or the page is too small
                for it.
        """
        from zoo.figures.kinds import Look, figure_of

        labels = (variants,) if isinstance(variants, str) else tuple(variants)
        return figure_of(self.folder, kind, Look(size, theme, variants=labels))

    def _rows(self, name: str) -> pd.DataFrame:
        """Returns a table, of what was put together those of its parts below each other."""
        import pandas as pd

        from zoo.results.files import read_frame, results_folder
        from zoo.results.scores import in_files

        if "runs" not in self.spec:
            return in_files(self.spec, read_frame(self.folder / name))
        frames = []
        for run, where in zip(self.spec["runs"], _places(self.spec), strict=True):
            own = results_folder(self.folder.parent, run)
            rows = in_files(read_spec(own / "spec.json"), read_frame(own / name))
            for place, (column, value) in enumerate(where.items()):
                rows.insert(place, column, value)
            frames.append(rows)
        return pd.concat(frames, ignore_index=True)

    def __repr__(self) -> str:
        count = f"{len(self.spec['variants'])} variants, {len(self.spec['seeds'])} seeds"
        return f"<zoo.Outcome {self.name}: {count}, {self.kind}, in {self.folder}>"

    def _repr_html_(self) -> str:
        from zoo.report.notebook import html_of

        return html_of(self.folder)

    def _repr_markdown_(self) -> str:
        from zoo.results import files, ledger, ledger_text, tables

        text = tables.render(self.spec, files.read_table(self.folder), "md")
        if self.verdicts.empty:
            return text
        return f"{text}\n{ledger_text.short(ledger.blank(self.verdicts))}"


def _places(spec: dict[str, Any]) -> list[dict[str, str]]:
    """Returns what was another in each of the runs that were put together, by column."""
    from zoo.results.holds_when import PREFIX, settings_of

    if "datasets" in spec:
        return [{"data": name} for name in spec["datasets"]]
    return [
        {f"{PREFIX}{name}": value for name, value in values.items()}
        for values in settings_of(spec["swept"])
    ]
