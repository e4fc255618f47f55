"""What a user changes about an experiment, and the name of the folder that it goes into."""

import json

import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.results import schema
from zoo.results.summary import runs_frame
from zoo.results.verdicts import verdicts_frame
from zoo.runner.prepare import Settings, folder_name, prepare
from zoo.runner.registry import find
from zoo.runner.trained import spec_of


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


@pytest.fixture
def planned(sized_experiment):
    """Returns a function of settings that plans the runs of the experiment with sizes."""

    def plan(**settings):
        return prepare(find(str(sized_experiment)), Settings(**settings), None)

    return plan


def keys(prepared):
    return {job.run.key for job in prepared.jobs}


# As declared in the fixture: 8 units, with bias; variants relu (the baseline), tanh, leaky 0.1.
@pytest.mark.parametrize(
    "settings",
    [
        {"words": (("units", "8"), ("bias", "true"), ("epochs", "2"))},
        {"words": (("batch_size", "64"), ("train_examples", "all"))},
        {"variants": ("tanh", "leaky 0.1")},
        {"variants": ("leaky 0.1", "relu", "tanh"), "epochs": 2},
    ],
)
def test_declared_values_that_are_set_find_the_stored_runs(planned, settings):
    found = planned(**settings)
    assert found.folder_name == "sized"
    assert keys(found) == keys(planned())
    assert found.settings.may_widen


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"variants": ("tanh",)}, "sized@variants=relu+tanh"),
        ({"variants": ("leaky 0.1", "relu")}, "sized@variants=relu+leaky 0.1"),
        ({"words": (("bias", "false"), ("units", "16"))}, "sized@units=16,bias=false"),
        ({"words": (("units", "16"), ("bias", "false"))}, "sized@units=16,bias=false"),
        ({"words": (("epochs", "3"),)}, "sized@epochs=3"),
        ({"words": (("epochs", "3"),), "epochs": 3}, "sized@epochs=3"),
        ({"words": (("batch_size", "32"),)}, "sized@batch=32"),
        ({"words": (("train_examples", "300"),)}, "sized@train_examples=300"),
        (
            {"words": (("units", "16"),), "variants": ("tanh",), "seeds": 2, "smoke": True},
            "sized@smoke,seeds=2,variants=relu+tanh,units=16",
        ),
    ],
)
def test_what_is_set_stands_in_the_name(planned, settings, name):
    assert planned(**settings).folder_name == name


@pytest.mark.slow
def test_what_is_set_makes_other_runs(planned):
    declared = keys(planned())
    for word in (("units", "16"), ("bias", "false"), ("epochs", "3"), ("train_examples", "300")):
        assert not keys(planned(words=(word,))) & declared
    wide = planned(words=(("units", "16"),))
    assert all(
        job.recipe.build_model((64,), 10).count_params() == 64 * 16 + 16 + 170
        for job in wide.jobs[:1]
    )
    assert len(planned(words=(("train_examples", "300"),)).data.x_train) == 300


def test_a_smoke_test_has_the_epochs_that_are_set(planned):
    assert {job.recipe.epochs for job in planned(smoke=True).jobs} == {1}
    found = planned(smoke=True, words=(("epochs", "2"),))
    assert {job.recipe.epochs for job in found.jobs} == {2}


def test_variants_are_runs_of_the_whole(planned):
    some, whole = planned(variants=("leaky 0.1",)), planned()
    assert {job.run.variant for job in some.jobs} == {"relu", "leaky 0.1"}
    assert keys(some) < keys(whole)
    assert len(some.jobs) == len(whole.jobs) * 2 / 3


def test_claims_on_variants_that_are_not_run_are_not_run(planned, make_result, tmp_path):
    spec = spec_of(planned(variants=("tanh",)))
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(spec))
    assert schema.read_spec(path)["left_out"] == ["leaky 0.1"]
    runs = runs_frame(
        [
            make_result(label, 0.1, seed, test_accuracy=0.5 + 0.1 * (label == "tanh") + seed / 100)
            for label in ("relu", "tanh")
            for seed in range(8)
        ],
        spec["variants"],
    )
    verdicts = verdicts_frame(spec, runs)
    assert verdicts["verdict"].tolist()[1] == "not run"
    assert verdicts["verdict"].tolist()[0] != "not run"
    assert "leaky 0.1" in verdicts["evidence"][1]
    path.write_text(json.dumps(spec | {"left_out": []}))
    with pytest.raises(ZooError, match="a claim must be as an experiment declares it"):
        schema.read_spec(path)


def test_a_declaration_that_is_run_whole_has_no_new_words(planned):
    assert not {"left_out", "set"} & set(spec_of(planned()))
    assert spec_of(planned(words=(("units", "16"),)))["set"] == {"units": "16"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"variants": ("tan",)}, "There is no variant 'tan'. Did you mean tanh?"),
        ({"variants": ("relu",)}, "must name a variant besides the baseline relu"),
        ({"words": (("unit", "3"),)}, "Did you mean units?"),
        ({"words": (("units", "3"),), "scale": "lecture"}, "`--scale` must be one of"),
        ({"words": (("epochs", "3"),), "epochs": 2}, "`--epochs` and `--set epochs` must agree"),
        ({"words": (("epochs", "0"),)}, "`epochs` must be a positive integer"),
        ({"words": (("train_examples", "9999"),)}, "train_examples=9999"),
        ({"words": (("units", "0"),)}, "It was given units=0."),
    ],
)
def test_words_that_do_not_fit_are_refused(planned, settings, said):
    with pytest.raises(ZooError) as refused:
        planned(**settings)
    assert said in str(refused.value)


def test_class_weights_are_part_of_the_data_and_of_the_runs(tiny_experiment):
    text = tiny_experiment.read_text(encoding="utf-8")
    plain = prepare(find(str(tiny_experiment)), Settings(seeds=1), None)
    before, after = 'baseline="relu",', 'variants={"relu": "relu", "tanh": "tanh"}'
    assert before in text
    assert after in text
    text = text.replace('factor="activation"', 'factor="class_weight"')
    text = text.replace(before, 'baseline="none",')
    text = text.replace("num_classes, activation)", 'num_classes, activation="relu")')
    text = text.replace(after, 'variants={"none": None, "threes": {"3": 5}, "all": "balanced"}')
    tiny_experiment.write_text(text, encoding="utf-8")
    weighed = prepare(find(str(tiny_experiment)), Settings(seeds=2), None)
    assert weighed.data.fingerprint == plain.data.fingerprint
    assert len({data.fingerprint for data in weighed.data_of.values()}) == 3
    threes = weighed.data_of["threes"].of(1)
    assert threes.w_train.tolist() == np.where(threes.y_train == 3, 5, 1).tolist()
    assert len(keys(weighed)) == len(weighed.jobs) == 3 * 2 * 2


def test_class_weights_that_the_data_lack_are_refused(tiny_experiment):
    text = tiny_experiment.read_text(encoding="utf-8")
    text = text.replace("epochs=2,", "epochs=2,\n        class_weight={'cat': 2},")
    tiny_experiment.write_text(text, encoding="utf-8")
    with pytest.raises(ZooError, match="one of 'cat'"):
        prepare(find(str(tiny_experiment)), Settings(), None)
