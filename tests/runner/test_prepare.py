"""What a user changes about an experiment, and the name of the folder that it goes into."""

import numpy as np
import pytest

from zoo.runner.prepare import Settings, folder_name, prepare
from zoo.runner.registry import find


@pytest.fixture
def named(tiny_experiment):
    """Returns a function of settings that returns the results folder's name."""

    def name(**settings):
        return prepare(find(str(tiny_experiment)), Settings(**settings), None).folder_name

    return name


# As declared in the fixture: 2 epochs, batch 64, digits, rates 0.01 and 0.1; and 8 seeds.
@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 2},
        {"batch_size": 64},
        {"data": "digits"},
        {"seeds": 8},
        {"learning_rates": (0.1, 0.01)},
        {"epochs": 2, "batch_size": 64, "data": "digits", "seeds": 8},
    ],
)
def test_declared_values_spelled_out_are_no_difference(named, settings):
    assert named(**settings) == named() == "tiny"


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"epochs": 3, "seeds": 8}, "tiny@epochs=3"),
        ({"seeds": 2}, "tiny@seeds=2"),
        ({"seeds": "auto"}, "tiny@seeds=auto"),
        ({"data": "mnist1d", "batch_size": 32}, "tiny@data=mnist1d,batch=32"),
        ({"learning_rates": (0.01,)}, "tiny@rates=0.01"),
        ({"smoke": True}, "tiny@smoke"),
    ],
)
def test_what_differs_stands_in_the_name(named, settings, name):
    assert named(**settings) == name


def test_a_declared_grid_spelled_out_may_still_be_widened(tiny_experiment):
    entry = find(str(tiny_experiment))
    spelled, other = (
        prepare(entry, Settings(learning_rates=rates), None) for rates in ((0.01, 0.1), (0.01, 0.2))
    )
    assert spelled.settings.may_widen
    assert not other.settings.may_widen


def test_two_files_of_one_name_have_two_folders(named, tmp_path):
    generator = np.random.default_rng(0)
    names = []
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        path = tmp_path / place / "wine.npz"
        np.savez(path, x=generator.normal(size=(200, 3)), y=generator.integers(0, 2, 200))
        names.append(named(data=str(path)))
        assert names[-1] == named(data=str(path))
    assert names[0] != names[1]
    assert all(name.startswith("tiny@data=wine-") for name in names)


def test_a_name_has_no_separator_of_paths():
    assert folder_name("a", {"random": "", "space x": "1/2"}) == "a@random,space x=1_2"
    assert folder_name("a", {}) == "a"
