import subprocess
import sys
from pathlib import Path

import pytest

from zoo.errors import ZooError
from zoo.experiment import Experiment
from zoo.runner import registry

DECLARATION = """\
\"\"\"Does {name} matter?

More about it.
\"\"\"
from zoo.experiment import Experiment, Recipe

EXPERIMENT = Experiment(
    factor="depth",
    baseline="one",
    variants={{"one": 1, "two": 2}},
    recipe=Recipe(
        build_model=lambda input_shape, num_classes, depth: None,
        optimizer=float,
        learning_rates=(0.1,),
        epochs=1,
        batch_size=8,
    ),
)
"""


def write(path, text=None):
    path.write_text(DECLARATION.format(name=path.stem) if text is None else text, encoding="utf-8")
    return path


def refused(name):
    with pytest.raises(ZooError) as caught:
        registry.find(str(name)).load()
    return str(caught.value)


def test_names_are_the_files_names_sorted(tmp_path, monkeypatch):
    for name in ("b.py", "a.py", "_draft.py", "__init__.py"):
        write(tmp_path / name)
    write(tmp_path / "notes.txt", "no experiment")
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    found = registry.entries()
    assert [entry.name for entry in found] == ["a", "b"]
    assert [entry.question for entry in found] == ["Does a matter?", "Does b matter?"]
    assert {entry.factor for entry in found} == {"depth"}
    assert [entry.path for entry in found] == [tmp_path / "a.py", tmp_path / "b.py"]


def test_a_folder_stands_for_its_experiments(tmp_path):
    for name in ("b.py", "a.py", "_draft.py"):
        write(tmp_path / name)
    write(tmp_path / "helpers.py", "EXPERIMENTAL = 1")
    found = registry.find_all([str(tmp_path), str(tmp_path / "a.py"), "activation"])
    assert [entry.name for entry in found] == ["a", "b", "activation"]
    own = registry.find_all([str(registry.FOLDER / "depth")])
    assert {entry.topic for entry in own} == {"depth"}
    assert len(own) > 1


def test_a_folder_without_experiments_is_refused(tmp_path):
    write(tmp_path / "helpers.py", "x = 1")
    with pytest.raises(ZooError, match="must have files of experiments"):
        registry.find_all([str(tmp_path)])


def test_an_experiment_comes_before_a_folder_of_its_name(tmp_path, monkeypatch):
    (tmp_path / "dropout").mkdir()
    monkeypatch.chdir(tmp_path)
    assert [entry.name for entry in registry.find_all(["dropout"])] == ["dropout"]


def test_the_zoos_own_experiments_are_all_found():
    there = [path.stem for path in registry.FOLDER.glob("*/*.py") if path.stem != "__init__"]
    assert [entry.name for entry in registry.entries()] == sorted(there)
    assert len(set(there)) == len(there)  # a name is that of one experiment
    assert {entry.topic for entry in registry.entries()} == set(registry.topics())
    assert all(question.endswith("?") for question in registry.topics().values())
    assert all(entry.factor and entry.question.endswith("?") for entry in registry.entries())


def test_listing_imports_neither_keras_nor_tensorflow():
    code = (
        "import sys, zoo.runner.registry\n"
        "assert zoo.runner.registry.entries()\n"
        "loaded = {'keras', 'tensorflow', 'jax', 'torch', 'numpy'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "assert not [name for name in sys.modules if name.startswith('experiments')]\n"
    )
    root = Path(registry.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_experiment_is_found_by_name_and_by_the_path_of_its_file():
    by_name = registry.find("activation")
    assert by_name.path == registry.FOLDER / "activations" / "activation.py"
    assert registry.find(str(by_name.path)) == by_name


def test_an_own_experiment_is_found_by_path(tmp_path, monkeypatch):
    path = write(tmp_path / "mine.py")
    entry = registry.find(str(path))
    assert (entry.name, entry.path, entry.factor) == ("mine", path, "depth")
    assert entry.docstring == "Does mine matter?\n\nMore about it."
    experiment = entry.load()
    assert isinstance(experiment, Experiment)
    assert list(experiment.variants) == ["one", "two"]
    assert entry.load() is experiment
    monkeypatch.chdir(tmp_path)
    assert registry.find("mine.py") == entry


def test_two_own_files_of_one_name_are_two_experiments(tmp_path):
    (tmp_path / "other").mkdir()
    first = registry.find(str(write(tmp_path / "mine.py"))).load()
    text = DECLARATION.format(name="x").replace('baseline="one"', 'baseline="two"')
    second = registry.find(str(write(tmp_path / "other" / "mine.py", text))).load()
    assert (first.baseline, second.baseline) == ("one", "two")


@pytest.mark.parametrize(
    ("name", "offer"),
    [("activaton", "Did you mean activation"), ("optimiser", "Did you mean optimizer")],
)
def test_an_unknown_name_offers_the_closest(name, offer):
    message = refused(name)
    assert message.startswith(f"No experiment is called {name!r}.")
    assert offer in message
    assert "schedule" not in message


def test_a_name_unlike_any_other_lists_them_all():
    message = refused("zzz")
    assert all(entry.name in message for entry in registry.entries())


@pytest.mark.parametrize("name", ["", "__init__", "activation.txt"])
def test_other_words_are_no_experiments(name):
    assert f"No experiment is called {name!r}" in refused(name)


def test_a_path_that_leads_nowhere_is_no_folder(tmp_path):
    inside = tmp_path / "depth"
    inside.mkdir()
    assert refused(str(tmp_path / "dept")) == f"No such folder: {tmp_path / 'dept'}."
    write(inside / "mine.py", "")
    assert refused(str(tmp_path / "dept")).endswith(f" Folders in {tmp_path}: depth.")
    with pytest.raises(ZooError, match=r"A folder must have files of experiments.* depth\.$"):
        registry.find_all([str(tmp_path)])


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    path = tmp_path / "missing.py"
    assert refused(path) == f"No such file: {path}. Give the path of an experiment module."
    folder = tmp_path / "folder.py"
    folder.mkdir()
    assert refused(folder).startswith(f"No such file: {folder}.")


def test_a_syntax_error_names_file_and_line(tmp_path):
    path = write(tmp_path / "mine.py", "x = 1\nx = = 2\n")
    message = refused(path)
    assert message.startswith(f"{path} is not valid Python: ")
    assert "line 2" in message


@pytest.mark.parametrize("content", [b"\xff\xfe\x00x", b"x = '\xe9'\n", b"x = 1\x00\n"])
def test_a_file_that_is_no_text_is_not_valid_python(tmp_path, content):
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    assert refused(path).startswith(f"{path} is not valid Python: ")


@pytest.mark.parametrize(
    ("text", "received"),
    [("", "NoneType"), ("EXPERIMENT = 3\n", "int"), ("Experiment = type\n", "NoneType")],
)
def test_a_module_without_an_experiment_says_what_it_must_define(tmp_path, text, received):
    path = write(tmp_path / "mine.py", text)
    expected = f"{path} must define EXPERIMENT = Experiment(...) or Measurement(...). "
    expected += f"Received: {received}"
    assert refused(path) == expected


def test_an_own_file_may_not_take_the_name_of_a_built_in_experiment(tmp_path):
    path = write(tmp_path / "activation.py")
    message = refused(path)
    assert message.startswith(f"{path} has the name of one of the zoo's own experiments")
    assert message.endswith("Rename the file.")


def test_a_module_without_a_docstring_has_an_empty_question(tmp_path):
    entry = registry.find(str(write(tmp_path / "mine.py", "x = 1\n")))
    assert (entry.docstring, entry.question, entry.factor) == ("", "", "")


MEASURED = """\"\"\"Does it?\"\"\"
import {module}
from zoo.experiment import Measurement

EXPERIMENT = Measurement(
    factor="f", variants={{"a": 1}}, measure=lambda value, seed: {{"m": {module}.NUMBER}}, seeds=1
)
"""


def test_a_file_that_was_edited_is_imported_again_with_what_lies_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path, helper = tmp_path / "edited_one.py", tmp_path / "helper_of_edited.py"
    path.write_text(MEASURED.format(module=helper.stem), encoding="utf-8")
    found = []
    for number in (1, 2):
        helper.write_text(f"NUMBER = {number}\n", encoding="utf-8")
        loaded = registry.find(str(path)).load_measurement()
        assert loaded is registry.find(str(path)).load_measurement()
        found.append(loaded.measure(1, 0))
    path.write_text(path.read_text(encoding="utf-8").replace(".NUMBER", ".NUMBER + 5"), "utf-8")
    found.append(registry.find(str(path)).load_measurement().measure(1, 0))
    assert found == [{"m": 1}, {"m": 2}, {"m": 7}]


def test_a_module_beside_one_file_is_not_taken_for_that_of_another(tmp_path):
    entries = []
    for number, folder in enumerate((tmp_path / "a", tmp_path / "b")):
        folder.mkdir()
        (folder / "helper_of_two.py").write_text(f"NUMBER = {number}\n", encoding="utf-8")
        path = folder / f"one_of_{folder.name}.py"
        path.write_text(MEASURED.format(module="helper_of_two"), encoding="utf-8")
        entries.append(registry.find(str(path)))
    entries[0].load_measurement()
    with pytest.raises(ZooError, match=r"imports\. Run the two experiments"):
        entries[1].load_measurement()


def test_two_experiments_in_a_folder_are_no_modules_of_each_other(tmp_path):
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        for own, other in (("one", "two"), ("two", "one")):
            path = folder / f"{own}.py"
            path.write_text(MEASURES.replace("Does it?", f"Is it like {other}?"), encoding="utf-8")
        for own in ("one", "two"):
            assert registry.find(str(folder / f"{own}.py")).load_measurement().factor == "f"


MEASURES = '''"""Does it?"""

from zoo.experiment import Measurement

EXPERIMENT = Measurement(factor="f", variants={"a": 1}, measure=lambda a, seed: {"x": a})
'''
