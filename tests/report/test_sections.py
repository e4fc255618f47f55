import json
import re
import shutil

import pytest
from report_case import COMMITTED, FOLDER, write_page

from zoo.report import sections
from zoo.results import files, ledger
from zoo.results.folders import settled_folder


def test_a_section_is_made_of_the_files(root):
    own = sections.section_of(root / "optimizer_default", "optimizers", ())
    spec = files.read_spec(root / "optimizer_default")
    assert own.question == spec["question"]
    assert own.command == "python -m zoo run optimizer_default"
    assert list(own.charts) == ["Effects", "Learning curves", "Learning rates"]
    curves = files.read_frame(root / "optimizer_default" / "curves.csv")
    chart = next(each for each in own.charts["Learning curves"] if each.title == "Validation loss")
    for column, label in enumerate(chart.columns[1:], start=1):
        last = chart.rows[-1]
        rows = curves[(curves["variant"] == label) & (curves["metric"] == "val_loss")]
        row = rows[rows["epoch"] == int(last[0])].iloc[0]
        assert last[column] == f"{row['mean']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"


def test_effects_are_those_of_the_table(root):
    folder = root / "optimizer_default"
    spec, table = files.read_spec(folder), files.read_table(folder).set_index("variant")
    (chart,) = sections.section_of(folder, "", ()).charts["Effects"]
    for label, text in chart.rows:
        if label == spec["baseline"]:
            assert text == f"baseline {100 * table.loc[label, 'test_accuracy']:.1f} %"
            continue
        ends = ("difference", "difference_low", "difference_high")
        mean, low, high = (f"{100 * table.loc[label, end]:+.1f}" for end in ends)
        assert text.replace("\N{MINUS SIGN}", "-") == f"{mean} [{low}, {high}]"


def test_the_chosen_rates_and_the_diverged_runs_are_told(root):
    (chart,) = sections.section_of(root / FOLDER, "", ()).charts["Learning rates"]
    by_rate = {row[0]: row for row in chart.rows}
    assert by_rate["0.1"][1].endswith("(chosen)")
    assert by_rate["1"][3].endswith("(8 of 8 diverged)")


@pytest.mark.parametrize(
    "name",
    [
        "activation",
        "activation_function",
        "dying_relu",
        "initializer_statistics",
        "schedule",
        "search_strategy",
        "weight_penalty",
    ],
)
@pytest.mark.slow
def test_every_kind_of_experiment_has_pictures_with_their_numbers(name):
    own = sections.section_of(COMMITTED / name, "", ())
    assert own.charts
    for charts in own.charts.values():
        for chart in charts:
            assert chart.rows
            assert all(len(row) == len(chart.columns) for row in chart.rows)
            assert not re.search(r"\bnan\b", chart.svg)


def test_what_was_recorded_by_layer_is_that_of_the_file():
    from zoo.report.trained import recorded

    spec = files.read_spec(COMMITTED / "activation")
    layers = files.read_frame(COMMITTED / "activation" / "layers.csv")
    found = {chart.title: chart for chart in recorded(spec, layers)}
    chart = found["Standard deviation of the weights, layer by layer"]
    last = layers[(layers["metric"] == "weight_standard_deviation") & (layers["variant"] == "tanh")]
    last = last[last["epoch"] == last["epoch"].max()].sort_values("layer")
    column = chart.columns.index("tanh")
    shown = [float(row[column].split()[0]) for row in chart.rows]
    assert shown == pytest.approx(last["mean"].tolist(), rel=5e-3)


def test_other_settings_have_their_own_section_and_stay_out_of_the_ledger(root, tmp_path):
    name = "optimizer_default@epochs=2"
    for each, target in (("optimizer_default", name), ("momentum", "momentum")):
        shutil.copytree(root / each, tmp_path / target)
    path, experiments = write_page(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert experiments == 2
    assert f'id="{name}"' in text
    rows = text.count("<tr data-lecture=")
    assert rows == len(ledger.read(tmp_path))
    assert text.count('<article class="claim"') == rows + len(ledger.read(tmp_path, [name]))
    assert settled_folder(tmp_path / name).name == name


def test_a_search_has_a_section(tmp_path):
    folder = tmp_path / "tuning" / "mine"
    folder.mkdir(parents=True)
    spec = {
        "search": "mine",
        "kind": "search",
        "question": "Which <b>?",
        "strategy": "random",
        "space": ["units=1:8"],
        "objective": "val_accuracy",
        "direction": "max",
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    (folder / "trials.csv").write_text(
        "stage,trial,status,score,deviation,runs,diverged,epochs,units,val_accuracy_0\n"
        "1,0,completed,0.25,,1,0,2,3,0.25\n1,1,completed,0.5,,1,0,2,7,0.5\n"
    )
    path, experiments = write_page(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert experiments == 1
    assert "Of 2 trials number 1 is best, validation accuracy 50.0 %." in text
    assert '<th scope="row">1</th><td>50.0</td><td>completed</td><td>7</td>' in text
    assert "Which &lt;b&gt;?" in text


@pytest.mark.parametrize("name", ["curves.csv", "runs.csv"])
def test_a_table_without_rows_has_no_picture(root, tmp_path, name):
    shutil.copytree(root / "optimizer_default", tmp_path / "mine")
    path = tmp_path / "mine" / name
    before = set(sections.section_of(tmp_path / "mine", "", ()).charts)
    path.write_text(path.read_text(encoding="utf-8").partition("\n")[0] + "\n", encoding="utf-8")
    if name == "runs.csv":
        path.unlink()  # whose rows the rates come from, where spec.json lacks them
    gone = before - set(sections.section_of(tmp_path / "mine", "", ()).charts)
    assert gone == {{"curves.csv": "Learning curves", "runs.csv": "Learning rates"}[name]}
