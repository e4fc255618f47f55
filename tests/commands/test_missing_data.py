"""What needs data that are not there is told, and keeps no other experiment from being run."""

import keras
import pytest

from zoo.runner import registry

MEASURED = '''"""Is there anything?"""

from zoo.experiment import Measurement
from zoo.trials import load

EXPERIMENT = Measurement(
    factor="data",
    needs="cifar10",
    variants={"all": "cifar10"},
    measure=lambda name, seed: {"examples": len(load(name).x_train)},
)
'''


@pytest.fixture
def lost(tiny_experiment, tmp_path, monkeypatch):
    """Returns three experiments, two of which need CIFAR-10, where it cannot be had."""

    def load_data():
        raise Exception("URL fetch failure: no network")

    monkeypatch.setattr(keras.datasets.cifar10, "load_data", load_data)
    text = tiny_experiment.read_text(encoding="utf-8")
    paths = [tmp_path / "a_trained.py", tmp_path / "b_measured.py", tiny_experiment]
    paths[0].write_text(text.replace("digits", "cifar10"), encoding="utf-8")
    paths[1].write_text(MEASURED, encoding="utf-8")
    return [registry.find(str(path)) for path in paths]


@pytest.mark.slow
def test_all_goes_on_and_says_what_was_not_run(zoo, lost, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "entries", lambda: lost)
    results = tmp_path / "results"
    code, _, err = zoo("run", "--all", "--smoke", "--results", results)
    assert code == 0
    for name in ("a_trained", "b_measured"):
        assert f"{name} is not run." in err
        assert not list(results.glob(f"{name}*"))
    assert err.count("Could not download cifar10: URL fetch failure: no network") == 2
    assert list(results.glob("tiny@*/table.md"))


@pytest.mark.slow
def test_all_leaves_out_what_varies_what_is_set(zoo, tiny_experiment, tmp_path, monkeypatch):
    path, results = tmp_path / "long.py", tmp_path / "results"
    text = tiny_experiment.read_text(encoding="utf-8")
    for old, new in (
        ('factor="activation"', 'factor="epochs"'),
        ('baseline="relu"', 'baseline="1"'),
        ('{"relu": "relu", "tanh": "tanh"}', '{"1": 1, "2": 2}'),
    ):
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    both = [registry.find(str(each)) for each in (path, tiny_experiment)]
    monkeypatch.setattr(registry, "entries", lambda: both)
    code, _, err = zoo("run", "--all", "--epochs", 1, "--seeds", 2, "--results", results)
    assert code == 0, err
    assert "The experiment varies its epochs, so that cannot be set. Received: --epochs 1." in err
    assert "long is not run." in err
    assert list(results.glob("tiny@*/table.md"))
    assert zoo("run", path, "--epochs", 1, "--results", results)[0] == 2


@pytest.mark.parametrize("number", [0, 1])
def test_alone_it_is_an_error(zoo, lost, tmp_path, number):
    code, _, err = zoo("run", lost[number].path, "--results", tmp_path / "results")
    assert code == 2
    assert "Could not download cifar10" in err
    assert "Put cifar10.npz" in err


@pytest.mark.slow
def test_several_go_on_and_one_has_failed(zoo, lost, tmp_path):
    results = tmp_path / "results"
    paths = [entry.path for entry in lost]
    code, _, err = zoo("run", *paths, "--smoke", "--results", results)
    assert code == 1
    assert "Failed: a_trained, b_measured. The others are done." in err
    assert list(results.glob("tiny@*/table.md"))


def test_data_that_all_are_given_are_an_error(zoo, lost, tmp_path):
    paths = [entry.path for entry in lost]
    code, _, err = zoo("run", *paths, "--data", "cifar10", "--results", tmp_path / "results")
    assert code == 2
    assert err.count("Could not download cifar10") == 1
