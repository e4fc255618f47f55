"""What README.md tells people to type must work."""

import re
from pathlib import Path

import pytest

from zoo.runner.registry import entries

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_pictures_and_links_are_there():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_commands_exist():
    from zoo.commands.app import app

    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    used = set(re.findall(r"python -m zoo (\w+)", README))
    assert used
    assert used <= known


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) - {"it", "of"} <= targets


def test_experiments_named_exist():
    names = {entry.name for entry in entries()}
    named = r"python -m zoo (?:show|run|table) "
    assert set(re.findall(named + r"(\w+)(?![\w/]|\.py)", README)) <= names
    for folder in re.findall(named + r"(experiments/\w+)", README):
        assert (ROOT / folder).is_dir()


@pytest.mark.pictures
def test_results_are_loaded_as_shown(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(BLOCKS[0], "README.md", "exec"), names)
    said = capsys.readouterr().out
    assert "hidden 0.5" in said
    assert names["found"].claims("DRO09")["verdict"].iloc[0] in said
    assert (tmp_path / "effect.png").is_file()


def test_own_experiment_is_planned_as_shown(tmp_path):
    from zoo.runner.registry import find

    path = tmp_path / "width.py"
    path.write_text(BLOCKS[1], encoding="utf-8")
    experiment = find(str(path)).load()
    assert len(BLOCKS[1].splitlines()) < 45
    assert [experiment.recipe_for(label).build_model.keywords for label in experiment.variants] == [
        {"width": 10},
        {"width": 30},
        {"width": 100},
        {"width": 300},
    ]


def test_own_claim_is_declared_as_shown(tmp_path):
    from zoo.claims import Trend
    from zoo.runner.registry import find

    path = tmp_path / "width.py"
    text = BLOCKS[1].replace("EXPERIMENT = ", BLOCKS[2] + "\nEXPERIMENT = ", 1)
    text = text.rstrip().removesuffix(")") + "    claims=CLAIMS,\n)\n"
    path.write_text(text, encoding="utf-8")
    [claim] = find(str(path)).load().claims
    assert isinstance(claim.rule, Trend)
    assert "`claims=CLAIMS`" in README


@pytest.mark.slow
def test_fit_many_as_shown(capsys):
    exec(compile(BLOCKS[3], "README.md", "exec"), {})
    assert "learning_rate=" in capsys.readouterr().out


@pytest.mark.slow
def test_a_hypermodel_is_searched_as_shown(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = BLOCKS[4].replace("trials=30", "trials=3").replace("executions=3", "executions=1")
    assert shown != BLOCKS[4]
    names = {}
    exec(compile(shown.replace("epochs=10", "epochs=1"), "README.md", "exec"), names)
    assert "activation" in capsys.readouterr().out
    assert names["model"].compiled
    assert len(names["search"].trials) == 3
    assert (tmp_path / "results" / "tuning" / "digits" / "trials.csv").is_file()
    assert len(BLOCKS) == 5
