"""Notebooks: the committed ones are those that would be written now, and they run."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.runner import lesson, registry

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# Those whose networks take long to compile: `ZOO_LONG=1` runs them, too.
LONG = {"batch_norm", "dropout", "initializer", "optimizer", "output_loss"}
RUN = [path for path in NOTEBOOKS if path.stem not in LONG or os.environ.get("ZOO_LONG")]
ALL_OF_THEM = """
import json, pathlib, re, sys
import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

manager = KernelManager(kernel_name="python3")
manager.start_kernel()
shown = {}
for path in map(pathlib.Path, sys.argv[1:]):
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = re.sub(r"=\\[(.*?), .*\\]", r"=[\\1]", cell.source)
            cell.source = cell.source.replace("seeds=6", "seeds=2").replace("=10,", "=1,")
    NotebookClient(notebook, timeout=300, km=manager).execute()
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    shown[path.stem] = last.outputs[-1].data["text/html"]
manager.shutdown_kernel(now=True)
print(json.dumps(shown))
"""


def loaded(name):
    entry = registry.find(name)
    return entry, entry.load_measurement() if entry.kind == "measured" else entry.load()


def test_every_topic_has_a_notebook():
    topics = [registry.find(path.stem).topic for path in NOTEBOOKS]
    assert sorted(topics) == sorted(registry.topics())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_committed_notebook_is_what_would_be_written_now(path, tmp_path):
    entry, experiment = loaded(path.stem)
    cells = lesson.cells(entry, experiment, ROOT / "results")
    for written in lesson.write(entry, cells, tmp_path):
        again = "make it again: python -m zoo notebook NAME --to notebooks --force"
        assert written.read_text() == path.with_name(written.name).read_text(), again


def test_the_call_is_python_wherever_the_file_lies(tmp_path):
    entry, experiment = loaded("momentum")
    own = dataclasses.replace(entry, path=tmp_path / "it's" / "momentum.py")
    code = next(text for kind, text in lesson.cells(own, experiment, tmp_path) if kind == "code")
    assert "it's" in code
    compile(code, "cell", "exec")


def test_what_a_lesson_has(tmp_path):
    cells = lesson.cells(*loaded("dropout"), ROOT / "results")
    kinds, texts = zip(*cells, strict=True)
    assert kinds.count("code") == 2
    headings = [text.splitlines()[0] for text in texts if text.startswith("#")]
    assert headings[1:] == ["## Predict first", "## The network", "## A small run", "## Exercises"]
    assert "def build_model(" in texts[2]
    assert texts[-2].startswith("<details><summary>")
    assert re.findall(r"^\d\.", texts[-1], re.MULTILINE) == ["1.", "2.", "3."]
    # Without results it says how to get them, and nothing is told in advance.
    unknown = lesson.cells(*loaded("dropout"), tmp_path)
    assert "`python -m zoo run dropout` does" in unknown[-2][1]
    told = "".join(text for _, text in cells[:-2])
    assert not re.search(r"\*\*(supported|refuted|undecided|depends)\*\*", told)


@pytest.mark.slow
def test_all_committed_notebooks_run(tmp_path):
    """In one kernel, smaller: two variants, and of what trains one epoch and two seeds."""
    environment = {"PYTHONPATH": str(ROOT), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_THEM, *map(str, RUN)],
        cwd=tmp_path,
        env={**os.environ, **environment, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    shown = json.loads(done.stdout)
    assert list(shown) == [path.stem for path in RUN]
    for name, text in shown.items():
        assert "<table" in text, name


@pytest.mark.slow
def test_the_command_writes_and_keeps_what_is_there(zoo, tmp_path, tiny_experiment):
    words = ("notebook", tiny_experiment, "--to", tmp_path / "mine", "--results", tmp_path)
    code, out, err = zoo(*words)
    assert (code, err) == (0, "")
    own = [tmp_path / "mine" / f"tiny{ending}" for ending in (".ipynb", ".py")]
    assert [Path(line) for line in out.splitlines()] == own
    assert str(tiny_experiment) in own[0].read_text()
    own[1].write_text("mine")
    code, _, err = zoo(*words)
    assert code == 2
    assert "Give --force to write over it" in err
    assert own[1].read_text() == "mine"
    assert zoo(*words, "--force")[0] == 0
    assert zoo("notebook", "dropuot", "--to", tmp_path)[0] == 2


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    entry, experiment = loaded("momentum")
    cells = lesson.cells(entry, experiment, tmp_path)
    for place in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(lesson.ZooError, match=f"`--to` must be a folder .*{place}"):
            lesson.write(entry, cells, place)


@pytest.mark.slow
def test_the_notebook_of_a_users_file_runs(tmp_path, tiny_experiment):
    entry = registry.find(str(tiny_experiment))
    cells = lesson.cells(entry, entry.load(), tmp_path)
    with pytest.raises(lesson.ZooError, match=r"tiny.py is the experiment itself.*--to"):
        lesson.write(entry, cells, tmp_path)
    written, _ = lesson.write(entry, cells, tmp_path / "notes")
    environment = {"PYTHONPATH": str(ROOT), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_THEM, str(written)],
        cwd=tmp_path,
        env={**os.environ, **environment, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "<table" in json.loads(done.stdout)["tiny"]


def test_without_jupytext_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "nbformat", None)
    entry, experiment = loaded("momentum")
    with pytest.raises(lesson.ZooError, match="pip install jupytext ipykernel"):
        lesson.write(entry, lesson.cells(entry, experiment, tmp_path), tmp_path)


def test_the_baseline_keeps_its_own_rate_in_a_small_run():
    lesson_cells = lesson.cells(*loaded("gradient_clipping"), ROOT / "results")
    call = next(text for kind, text in lesson_cells if kind == "code")
    assert "learning_rates=[0.01, 0.1]" in call  # its own best is 0.01, lower than the others'
