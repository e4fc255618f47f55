"""Larger sizes of an experiment, and data as what varies."""

import json

import numpy as np
import pandas as pd
import pytest

from zoo.preprocessing import Range, standardise
from zoo.runner.prepare import Settings, prepare
from zoo.runner.registry import entries, find

SCALED = [entry.name for entry in entries() if entry.scales()]


@pytest.fixture
def scaled(tiny_experiment):
    """Returns the tiny experiment with a scale that has other data and another rate."""
    text = tiny_experiment.read_text(encoding="utf-8")
    more = '    scales={"lecture": {"epochs": 3, "variants": {"relu": "relu", "elu": "elu"}}},\n)\n'
    tiny_experiment.write_text(text.rstrip().removesuffix(")") + more, encoding="utf-8")
    return tiny_experiment


@pytest.mark.slow
def test_a_scale_changes_recipe_and_variants_and_has_a_folder_of_its_own(zoo, scaled, tmp_path):
    words = ("--seeds", 2, "--learning-rates", "0.1", "--results", tmp_path / "r")
    code, _, _ = zoo("run", scaled, "--scale", "lecture", *words)
    assert code == 0
    [folder] = (tmp_path / "r").glob("tiny@*")
    assert folder.name == "tiny@scale=lecture,seeds=2,rates=0.1"
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    assert (spec["variants"], spec["recipe"]["epochs"]) == (["relu", "elu"], 3)
    assert "scales         lecture" in zoo("show", scaled)[1]


def test_an_unknown_scale_is_an_error(zoo, scaled):
    code, _, err = zoo("run", scaled, "--scale", "huge", "--dry-run")
    assert code == 2
    assert "`--scale` must be one of the experiment's (lecture). Received: 'huge'" in err
    code, _, err = zoo("run", "schedule_formula", "--scale", "lecture")
    assert code == 2
    assert "(none: it has one size only)" in err


@pytest.mark.parametrize("name", SCALED)
def test_every_scale_is_well_formed(name):
    entry = find(name)
    for scale in entry.scales():
        declared = entry.load() if entry.kind == "trained" else entry.load_measurement()
        assert declared.at_scale(scale) != declared


def varying(path, factor, variants):
    """Writes the tiny experiment with another factor."""
    text = path.read_text(encoding="utf-8")
    text = text.replace('factor="activation"', f'factor="{factor}"')
    text = text.replace('baseline="relu"', 'baseline="first"')
    text = text.replace('{"relu": "relu", "tanh": "tanh"}', variants)
    text = text.replace("num_classes, activation)", 'num_classes, activation="relu")')
    path.write_text("from zoo.preprocessing import Range, standardise\n" + text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("factor", "variants"),
    [
        ("train_examples", '{"first": 200, "second": 400}'),
        ("preprocessing", '{"first": standardise, "second": Range(0.0, 1.0)}'),
        ("data", '{"first": "digits", "second": "mnist1d"}'),
    ],
)
@pytest.mark.slow
@pytest.mark.usefixtures("fit_uncompiled")
def test_data_may_be_what_varies(zoo, tiny_experiment, tmp_path, factor, variants):
    path = varying(tiny_experiment, factor, variants)
    words = ("run", path, "--learning-rates", "0.1", "--results")
    assert zoo(*words, tmp_path / "population", "--seeds", 2)[0] == 0
    assert zoo(*words, tmp_path / "fit", "--seeds", 1, "--engine", "fit")[0] == 0
    together, alone = (
        pd.read_csv(next((tmp_path / engine).glob("tiny@*")) / "runs.csv")
        for engine in ("population", "fit")
    )
    assert list(together["variant"]) == ["first", "first", "second", "second"]
    of_first_seed = together[together["seed"] == 0]
    assert list(alone["variant"]) == list(of_first_seed["variant"])
    np.testing.assert_allclose(of_first_seed["loss"], alone["loss"], rtol=1e-5)
    assert (together["loss"][:2].to_numpy() != together["loss"][2:].to_numpy()).all()


def test_variants_with_the_same_data_share_them(tiny_experiment):
    prepared = prepare(find(str(tiny_experiment)), Settings(seeds=1), None)
    assert prepared.data_of["relu"] is prepared.data_of["tanh"]


def test_what_varies_cannot_be_set(zoo, tiny_experiment):
    path = varying(tiny_experiment, "data", '{"first": "digits", "second": "mnist1d"}')
    code, _, err = zoo("run", path, "--data", "digits")
    assert code == 2
    assert "varies its data, so that cannot be set. Received: --data digits" in err


@pytest.mark.parametrize("preprocessing", [standardise, Range(-1.0, 1.0)])
def test_every_part_goes_the_way_that_the_training_part_taught(preprocessing):
    from zoo import data

    plain = data.load("digits", preprocessing=lambda _: lambda x: x)
    changed = data.load("digits", preprocessing=preprocessing)
    apply = preprocessing(plain.x_train)
    for part in ("x_train", "x_validation", "x_test"):
        expected = apply(getattr(plain, part)).astype(np.float32)
        np.testing.assert_allclose(getattr(changed, part), expected, rtol=1e-5, atol=1e-5)
    assert changed.fingerprint != plain.fingerprint
    np.testing.assert_array_equal(changed.y_train, plain.y_train)
