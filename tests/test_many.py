"""`zoo.fit_many`: many fits of anybody's model."""

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import ZooError

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def build_model():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])


def pairs(seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(60, 5)), rng.integers(0, 3, 60)
    return (x[:40], y[:40]), (x[40:50], y[40:50]), (x[50:], y[50:])


def many(**changes):
    arguments = {"seeds": (3, 5), "learning_rates": (0.1, 0.01), "epochs": 2, "batch_size": 10}
    data = changes.pop("data", pairs())
    return zoo.fit_many(build_model, keras.optimizers.SGD, data, **arguments | changes)


@pytest.fixture(scope="module")
def results():
    return many()


def test_one_result_a_run_by_rate_then_seed(results):
    runs = [(result.run.learning_rate, result.run.seed) for result in results]
    assert runs == [(0.1, 3), (0.1, 5), (0.01, 3), (0.01, 5)]
    assert all(len(result.history["val_loss"]) == 2 for result in results)


def test_equals_fit(results):
    for one, other in zip(results, many(engine="fit"), strict=True):
        assert one.run == other.run
        np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-5)
        assert one.final["test_accuracy"] == other.final["test_accuracy"]


def test_without_test_examples_the_validation_examples_are_the_test(results):
    (result, *_) = many(data=pairs()[:2])
    assert result.final["test_accuracy"] == result.final["val_accuracy"]
    assert result.history == results[0].history


def test_callbacks_and_progress():
    epochs = []

    class Listener:
        def epoch(self, jobs, epoch):
            epochs.append((len(jobs), epoch))

        def note(self, text):
            pass

    def stop_at_once():
        return [keras.callbacks.LambdaCallback(on_epoch_end=stop)]

    def stop(epoch, logs):
        raise RuntimeError("reached")

    with pytest.raises(RuntimeError, match="reached"):
        many(callbacks=stop_at_once)
    many(progress=Listener())
    assert epochs == [(4, 1), (4, 2)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seeds": ()}, "`seeds` must be distinct"),
        ({"seeds": (1, 1)}, "`seeds` must be distinct"),
        ({"seeds": (-1,)}, "`seeds` must be distinct"),
        ({"epochs": 0}, "`epochs` must be a positive integer"),
        ({"learning_rates": ()}, "`learning_rates` must be"),
        ({"learning_rates": (-0.1,)}, "above 0"),
        ({"engine": "magic"}, "`engine` must be"),
        ({"data": pairs()[:1]}, "`data` must be"),
        ({"data": 3}, "`data` must be"),
        ({"data": (pairs()[0], (np.zeros((4, 5)), np.zeros(3, int)))}, "same length"),
        ({"data": (pairs()[0], (np.zeros((3, 5)), np.zeros(3)))}, "integer label"),
        ({"batch_size": 41}, "`batch_size` must not exceed the 40 training examples"),
    ],
)
def test_wrong_arguments(changes, said):
    with pytest.raises(ZooError, match=said):
        many(**changes)


def test_a_model_that_does_not_know_its_input_gets_its_seeds_weights():
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, inputs):
            return self.dense(inputs)

    for build in (Subclassed, lambda: keras.Sequential([keras.layers.Dense(3)])):
        results = [
            zoo.fit_many(build, keras.optimizers.SGD, pairs(), seeds=(3, 5), batch_size=10, **other)
            for other in ({}, {"engine": "fit"})
        ]
        for one, other in zip(*results, strict=True):
            np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-5)
        assert results[0][0].history["loss"] != results[0][1].history["loss"]


def test_a_callback_may_assign_to_the_learning_rate():
    class Halve(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rate = self.model.optimizer.learning_rate
            rate.assign(rate / 2)

    for one, other in zip(
        many(callbacks=lambda: [Halve()], epochs=3),
        many(callbacks=lambda: [Halve()], epochs=3, engine="fit"),
        strict=True,
    ):
        expected = [one.run.learning_rate / 2**epoch for epoch in range(3)]
        np.testing.assert_allclose(one.history["learning_rate"], expected, rtol=1e-6)
        assert one.history["learning_rate"] == other.history["learning_rate"]
