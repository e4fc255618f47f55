"""R2 and RMSE of numbers that are predicted, equal to scikit-learn's and in both engines."""

import math

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score, root_mean_squared_error
from uncompiled import uncompiled

from zoo import data
from zoo.engine import explained, fit, population
from zoo.experiment import Recipe
from zoo.runs.plan import check_output, jobs_of
from zoo.runs.run import Silent


def build_model(input_shape, num_classes):
    """Builds an MLP with 8 hidden units."""
    made = [keras.Input(input_shape), layers.Dense(8, "relu"), layers.Dense(num_classes)]
    return keras.Sequential(made)


def predictions(model, own):
    """Returns a probe's number: the R2 of scikit-learn on the test part."""
    return r2_score(own.y_test, keras.ops.convert_to_numpy(model(own.x_test))[:, 0])


def rmse(model, own):
    mean, deviation = own.target_scale
    outputs = keras.ops.convert_to_numpy(model(own.x_test))[:, 0]
    return root_mean_squared_error(own.y_test * deviation + mean, outputs * deviation + mean)


@pytest.fixture(scope="module")
def results():
    frame = load_diabetes(as_frame=True).frame
    draws = data.load_draws(frame)
    recipe = Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.Adam,
        learning_rates=(0.03,),
        epochs=3,
        batch_size=32,
        loss=keras.losses.MeanSquaredError,
        probes={"r2": predictions, "rmse": rmse},
    )
    jobs = jobs_of(recipe, draws, "mlp", (0.03, 1e4), (0, 1))
    together = {each.run: each for each in population.train(jobs, draws, Silent())}
    with uncompiled():
        alone = {each.run: each for each in fit.train(jobs, draws, Silent())}
    return together, alone


def test_both_engines_give_the_same(results):
    together, alone = results
    for run, found in together.items():
        assert found.engine.startswith("population")
        assert found.rights == alone[run].rights == ""
        for name, values in found.history.items():
            np.testing.assert_allclose(values, alone[run].history[name], rtol=1e-5, atol=1e-5)
        for name in ("val_accuracy", "test_accuracy", "test_rmse"):
            assert found.final[name] == pytest.approx(alone[run].final[name], rel=1e-5)


def test_accuracy_is_the_r2_of_scikit_learn(results):
    for found in results[0].values():
        expected = max(-1.0, found.final["r2"])
        assert found.final["test_accuracy"] == pytest.approx(expected, abs=1e-5)
        assert found.final["test_rmse"] == pytest.approx(found.final["rmse"], rel=1e-5)
    learned = [each for each in results[0].values() if each.run.learning_rate < 1]
    assert all(each.final["test_accuracy"] > 0.2 for each in learned)


def test_what_is_far_worse_than_guessing_counts_as_minus_one():
    assert explained.r2(0.25, 1.0) == 0.75
    assert explained.r2(9.0, 1.0) == explained.r2(math.inf, 1.0) == explained.r2(math.nan, 1) == -1
    assert (explained.r2(0.0, 0.0), explained.r2(0.5, 0.0)) == (1.0, 0.0)


def test_labels_and_outputs_of_either_shape():
    labels, outputs = np.array([1.0, 2.0]), np.array([[1.5], [2.0]], np.float32)
    for each in (labels, labels[:, None]):
        found = keras.ops.convert_to_numpy(explained.explained(each, outputs))
        assert found.tolist() == [0.75, 1.0]


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (layers.Dense(2), r"one output. Received: outputs of shape \(None, 2\)"),
        (layers.Dense(1, activation="softmax"), "ends in a softmax"),
    ],
)
def test_networks_that_predict_no_number_are_refused(last, message):
    model = keras.Sequential([keras.Input((3,)), last])
    with pytest.raises(ValueError, match=message):
        check_output(model)
