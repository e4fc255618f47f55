import csv
import io
import math

import pandas as pd
import pytest

from zoo.errors import ZooError
from zoo.results import files, tables, trained
from zoo.results.summary import summarise

FILES = {"spec.json", "runs.csv", "curves.csv", "table.csv", "table.md"}
NAN = math.nan


def row(variant, **changes):
    cells = {
        "variant": variant,
        "learning_rate": 0.1,
        "n": 4,
        "diverged": 0,
        "val_accuracy": 0.75,
        "test_accuracy": 0.5,
        "test_low": 0.25,
        "test_high": 0.625,
        "same_rate_accuracy": 0.4375,
        "difference": NAN,
        "difference_low": NAN,
        "difference_high": NAN,
        "p": NAN,
        "at_edge": False,
    }
    return cells | changes


def table_of(*rows):
    return pd.DataFrame(list(rows))


BOTH = table_of(
    row("relu"),
    row("tanh", difference=0.0125, difference_low=-0.005, difference_high=0.03, p=0.125),
)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def cells_of(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def markdown_rows(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [dict(zip(cells_of(lines[0]), cells_of(line), strict=True)) for line in lines[2:]]


@pytest.fixture
def summary(make_result):
    results = [
        make_result(variant, rate, seed, test_accuracy=(seed + 1) / 7, test_loss=math.inf)
        for variant in ("relu", "tanh")
        for rate in (0.01, 0.1, 1.0)
        for seed in range(4)
    ]
    return summarise(results, ["relu", "tanh"], "relu")


def test_a_variant_that_changes_sides_at_the_baselines_rate_is_named(spec):
    table = table_of(
        row("relu", test_accuracy=0.5, test_high=0.51, same_rate_accuracy=0.5),
        row("tanh", test_accuracy=0.55, same_rate_accuracy=0.4),
        row("within noise", test_accuracy=0.505, same_rate_accuracy=0.4),
        row("never trained there", test_accuracy=0.55, same_rate_accuracy=NAN),
    )
    said = [line for line in trained.notes(spec, table) if "other side" in line]
    assert said == ["At the baseline's learning rate tanh would be on the other side of relu."]


def test_the_set_of_files(tmp_path, spec, summary):
    folder = tmp_path / "results" / "tiny"
    tables.write(folder, spec, summary)
    assert set(content(folder)) == FILES
    tables.write(folder, spec, summary)
    assert set(content(folder)) == FILES


def test_the_same_input_gives_the_same_bytes_with_line_feeds_only(tmp_path, spec, summary):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second, second):
        tables.write(folder, spec, summary)
    assert content(first) == content(second)
    for data in content(first).values():
        assert b"\r" not in data
        assert data.endswith(b"\n")
        assert not data.endswith(b"\n\n")


def test_the_order_of_the_runs_changes_no_byte(tmp_path, spec, make_result):
    results = [
        make_result(variant, 0.1, seed, test_accuracy=seed / 7)
        for variant in ("tanh", "relu")
        for seed in range(4)
    ]
    for name, order in (("first", results), ("second", results[::-1])):
        tables.write(tmp_path / name, spec, summarise(order, ["relu", "tanh"], "relu"))
    assert content(tmp_path / "first") == content(tmp_path / "second")


def test_the_declaration_comes_back(tmp_path, spec, summary):
    tables.write(tmp_path, spec, summary)
    assert files.read_spec(tmp_path) == spec


def test_numbers_have_fixed_digits_and_gaps_are_empty(tmp_path, spec, summary):
    tables.write(tmp_path, spec, summary)
    with (tmp_path / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 4
    assert [line["test_accuracy"] for line in rows[:4]] == [f"{k / 7:.10g}" for k in range(1, 5)]
    assert {line["test_loss"] for line in rows} == {"inf"}
    with (tmp_path / "table.csv").open(newline="") as file:
        baseline, other = csv.DictReader(file)
    assert baseline["difference"] == baseline["p"] == ""
    assert float(other["difference"]) == 0.0


def test_csv_is_the_file_itself(tmp_path, spec, summary):
    tables.write(tmp_path, spec, summary)
    text = tables.render(spec, files.read_table(tmp_path), "csv")
    assert text.encode() == (tmp_path / "table.csv").read_bytes()


def test_markdown_is_the_file_itself(tmp_path, spec, summary):
    tables.write(tmp_path, spec, summary)
    text = tables.render(spec, files.read_table(tmp_path), "md")
    assert text.encode() == (tmp_path / "table.md").read_bytes()


def test_markdown_shows_percent_points_and_p(spec):
    baseline, other = markdown_rows(tables.render(spec, BOTH, "md"))
    assert baseline == {
        "variant": "relu",
        "learning rate": "0.1",
        "validation %": "75.0",
        "test %": "50.0 [25.0, 62.5]",
        "at the baseline's rate %": "43.8",
        "difference (points)": "baseline",
        "p": "",
        "diverged": "",
    }
    assert other["difference (points)"] == "+1.2 [-0.5, +3.0]"
    assert other["p"] == "0.12"


def test_markdown_is_aligned_and_says_what_was_measured(spec):
    text = tables.render(spec, BOTH, "md")
    lines = text.splitlines()
    assert lines[0] == f"# {spec['experiment']}"
    assert spec["question"] in lines
    shown = [line for line in lines if line.startswith("|")]
    assert len({len(line) for line in shown}) == 1
    assert set(shown[1]) == {"|", "-"}
    for words in ("1151 training, 287 validation and 359 test", "2 epochs, batch 64", "4 seeds"):
        assert words in text
    assert "not corrected" in text


def test_without_an_interval_the_mean_stands_alone(spec):
    cells = {"test_low": NAN, "test_high": NAN, "difference": -0.25}
    text = tables.render(spec, table_of(row("relu"), row("tanh", **cells)), "md")
    other = markdown_rows(text)[1]
    assert (other["test %"], other["difference (points)"], other["p"]) == ("50.0", "-25.0", "")


def test_the_note_speaks_of_intervals_only_where_there_are_some(spec):
    few = table_of(row("relu", test_low=NAN, test_high=NAN))
    assert "Brackets: 95 % interval over seeds." in tables.render(spec, BOTH, "md")
    assert "Too few seeds for an interval." in tables.render(spec, few, "md")


def test_missing_numbers_are_empty_cells(spec):
    cells = {"val_accuracy": NAN, "test_accuracy": NAN, "test_low": NAN, "test_high": NAN}
    other = markdown_rows(tables.render(spec, table_of(row("relu"), row("tanh", **cells)), "md"))[1]
    assert other["validation %"] == other["test %"] == other["difference (points)"] == ""


def test_diverged_runs_are_counted_with_wilsons_interval(spec):
    text = tables.render(spec, table_of(row("relu", diverged=1), row("tanh", diverged=4)), "md")

    def wilson(share, n, z=1.959964):
        middle, half = (
            share + z**2 / (2 * n),
            z * math.sqrt(share * (1 - share) / n + (z / n) ** 2 / 4),
        )
        return [100 * (middle + side * half) / (1 + z**2 / n) for side in (-1, 1)]

    expected = [
        f"{runs} of 4 [{low:.0f}, {high:.0f}] %"
        for runs in (1, 4)
        for low, high in [wilson(runs / 4, 4)]
    ]
    assert [line["diverged"] for line in markdown_rows(text)] == expected
    assert "Wilson" in text


def test_a_rate_at_the_edge_has_a_star_and_a_note(spec):
    text = tables.render(spec, table_of(row("relu"), row("tanh", at_edge=True)), "md")
    assert [line["learning rate"] for line in markdown_rows(text)] == ["0.1", "0.1*"]
    assert "end of the grid" in text
    assert "end of the grid" not in tables.render(spec, BOTH, "md")


@pytest.mark.parametrize("label", ["None", "NA", "nan", "null", "n/a", "0.10", "1e3", "True", "β"])
def test_labels_stay_text(tmp_path, spec, make_result, label):
    results = [make_result(variant, seed=seed) for variant in ("relu", label) for seed in range(2)]
    summary = summarise(results, ["relu", label], "relu")
    tables.write(tmp_path, spec | {"variants": ["relu", label]}, summary)
    assert files.read_table(tmp_path)["variant"].tolist() == ["relu", label]
    shown = markdown_rows((tmp_path / "table.md").read_text(encoding="utf-8"))
    assert [line["variant"] for line in shown] == ["relu", label]


def test_latex_is_a_booktabs_table(spec):
    lines = tables.render(spec, BOTH, "latex").splitlines()
    columns = len(trained.readable(BOTH, "relu").columns)
    assert lines[0] == r"\begin{tabular}{l" + "r" * (columns - 1) + "}"
    assert lines[-1] == r"\end{tabular}"
    assert [line for line in lines if line.endswith("rule")] == [
        r"\toprule",
        r"\midrule",
        r"\bottomrule",
    ]
    rows = [line for line in lines if line.endswith(r" \\")]
    assert len(rows) == 3
    assert all(line.count("&") == columns - 1 for line in rows)
    assert r"validation \%" in rows[0]


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("a&b", r"a\&b"),
        ("50%", r"50\%"),
        ("$x$", r"\$x\$"),
        ("#1", r"\#1"),
        ("batch_norm", r"batch\_norm"),
        ("{x}", r"\{x\}"),
        ("l2 10^-4", r"l2 10\textasciicircum{}-4"),
        ("~", r"\textasciitilde{}"),
        ("a\\b", r"a\textbackslash{}b"),
        (r"\%", r"\textbackslash{}\%"),
        ("a <b> |c|", r"a \textless{}b\textgreater{} \textbar{}c\textbar{}"),
        ("\N{MINUS SIGN}1 \N{PLUS-MINUS SIGN} 2", r"$-$1 $\pm$ 2"),
        ("[x]", "{}[x]"),
    ],
)
def test_latex_escapes_what_it_reads_as_commands(spec, label, latex):
    lines = tables.render(spec, table_of(row("relu"), row(label)), "latex").splitlines()
    assert sum(line.startswith(f"{latex} & ") for line in lines) == 1


@pytest.mark.parametrize("form", ["html", "", "MD"])
def test_an_unknown_format_is_refused(spec, form):
    with pytest.raises(ZooError) as caught:
        tables.render(spec, BOTH, form)
    message = str(caught.value)
    assert message == f"`--format` must be one of md, csv, latex. Received: {form!r}"


def test_csv_can_be_read_by_anybody(spec):
    rows = list(csv.DictReader(io.StringIO(tables.render(spec, BOTH, "csv"))))
    assert [line["variant"] for line in rows] == ["relu", "tanh"]
    assert [float(line["test_accuracy"]) for line in rows] == [0.5, 0.5]
    assert (rows[0]["p"], float(rows[1]["p"])) == ("", 0.125)
    assert list(rows[0]) == list(BOTH.columns)


def test_results_that_are_not_there_are_said_to_be_missing(tmp_path, spec, summary):
    with pytest.raises(ZooError) as caught:
        files.results_folder(tmp_path, "tiny")
    message = str(caught.value)
    assert message.startswith(f"There are no results for 'tiny' in {tmp_path}. Nothing has been")
    assert message.endswith("`python -m zoo run tiny` makes them.")
    tables.write(tmp_path / "tiny", spec, summary)
    assert files.results_folder(tmp_path, "tiny") == tmp_path / "tiny"
    with pytest.raises(ZooError, match=r"Did you mean tiny\?"):
        files.results_folder(tmp_path, "tinny")


GUESS = {"class": "no", "share": 0.9, "accuracy": 0.9, "balanced_accuracy": 0.5, "log_loss": 0.325}


def test_guessing_the_most_frequent_class_is_a_row(spec):
    told = spec | {"data": spec["data"] | {"guess": GUESS}}
    *_, last = markdown_rows(tables.render(told, BOTH, "md"))
    assert (last["variant"], last["test %"], last["validation %"]) == ("always no", "90.0", "")
    # From the baseline's 50.0 [25.0, 62.5].
    assert last["difference (points)"] == "+40.0 [+27.5, +65.0]"
    assert "always no" in tables.render(told, BOTH, "latex")
    assert "always" not in tables.render(spec, BOTH, "md")


@pytest.mark.parametrize(("accuracy", "better"), [(0.9, False), (0.25, False), (0.24, True)])
def test_it_is_said_if_no_network_is_better_than_guessing(spec, accuracy, better):
    told = spec | {"data": spec["data"] | {"guess": GUESS | {"accuracy": accuracy}}}
    text = tables.render(told, BOTH, "md")
    assert ("None of these networks is better than guessing always no." in text) is not better


def test_balanced_accuracy_and_loss_stand_beside_accuracy_where_they_are_known(spec):
    table = BOTH.assign(balanced_accuracy=[0.5, 0.75], test_loss=[0.25, NAN])
    recipe = spec["recipe"] | {"loss": "SparseCategoricalCrossentropy"}
    told = spec | {"data": spec["data"] | {"guess": GUESS}, "recipe": recipe}
    rows = markdown_rows(tables.render(told, table, "md"))
    assert [row["balanced %"] for row in rows] == ["50.0", "75.0", "50.0"]
    assert [row["test loss"] for row in rows] == ["0.250", "", "0.325"]
    other = told | {"recipe": spec["recipe"] | {"loss": "MeanSquaredError"}}
    assert markdown_rows(tables.render(other, table, "md"))[-1]["test loss"] == ""
