import math
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, optimizers
from keras.optimizers import schedules

from zoo.data import Data
from zoo.engine import fit
from zoo.engine.initial_model import initial_model
from zoo.errors import FullError, ZooError
from zoo.experiment import Recipe
from zoo.runs.run import METRICS, Job, Run, Silent
from zoo.runs.seeding import epoch_order

EXAMPLES, BATCH, CLASSES = 80, 24, 3
STEPS = 3  # 80 = 3 * 24 + 8: the last batch is incomplete


def make_data(seed=0):
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(CLASSES, 5))

    def part(examples):
        y = np.arange(examples) % CLASSES
        x = centres[y] + generator.normal(size=(examples, 5))
        return x.astype(np.float32), y.astype(np.int32)

    parts = *part(EXAMPLES), *part(30), *part(21)
    return Data("toy", *parts, CLASSES, tuple("abc"), "toy")


DATA = make_data()


def linear(input_shape, num_classes):
    return keras.Sequential([keras.Input(input_shape), layers.Dense(num_classes)])


def noisy(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Dense(8),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.Dense(num_classes),
        ]
    )


RECIPE = Recipe(
    build_model=linear,
    optimizer=optimizers.SGD,
    learning_rates=(0.1,),
    epochs=3,
    batch_size=BATCH,
)


def job(rate=0.1, seed=0, **changes):
    return Job(replace(RECIPE, **changes), Run("toy", rate, seed))


def trained(rate=0.1, seed=0, progress=None, **changes):
    return fit.train_one(job(rate, seed, **changes), DATA, progress or Silent())


# An independent slow computation: multinomial regression, one example at a time


def probabilities(logits):
    powers = [math.exp(logit - max(logits)) for logit in logits]
    return [power / sum(powers) for power in powers]


def evaluate(kernel, bias, x, y):
    """Returns mean crossentropy and accuracy."""
    losses, hits = [], []
    for example, label in zip(x.astype("float64"), y, strict=True):
        chances = probabilities(list(example @ kernel + bias))
        losses.append(-math.log(chances[label]))
        hits.append(max(range(CLASSES), key=chances.__getitem__) == label)
    return sum(losses) / len(losses), sum(hits) / len(hits)


def descend(kernel, bias, rate, momentum, epochs, seed):
    """Returns the history and the final weights of stochastic gradient descent."""
    history = {name: [] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
    speeds = [np.zeros_like(kernel), np.zeros_like(bias)]
    for epoch in range(epochs):
        order, batches = epoch_order(EXAMPLES, seed, epoch), []
        for step in range(STEPS):
            rows = order[step * BATCH : (step + 1) * BATCH]
            x, y = DATA.x_train[rows], DATA.y_train[rows]
            batches.append(evaluate(kernel, bias, x, y))
            gradients = [np.zeros_like(kernel), np.zeros_like(bias)]
            for example, label in zip(x.astype("float64"), y, strict=True):
                error = np.array(probabilities(list(example @ kernel + bias)))
                error[label] -= 1
                gradients[0] += np.outer(example, error) / BATCH
                gradients[1] += error / BATCH
            for speed, gradient in zip(speeds, gradients, strict=True):
                speed *= momentum
                speed -= rate * gradient
            kernel, bias = kernel + speeds[0], bias + speeds[1]
        both = [
            *np.mean(batches, axis=0),
            *evaluate(kernel, bias, DATA.x_validation, DATA.y_validation),
        ]
        for name, value in zip(history, both, strict=True):
            history[name].append(value)
    return history, kernel, bias


@pytest.mark.slow
@pytest.mark.parametrize(("momentum", "seed"), [(0.0, 0), (0.9, 3)])
def test_linear_model_equals_a_slow_computation(momentum, seed):
    changes = {"optimizer": lambda rate: optimizers.SGD(rate, momentum=momentum)}
    result = trained(rate=0.2, seed=seed, **changes)
    start = initial_model(job(seed=seed), DATA).get_weights()
    kernel, bias = (weight.astype("float64") for weight in start)
    history, kernel, bias = descend(kernel, bias, 0.2, momentum, RECIPE.epochs, seed)
    for name, expected in history.items():
        np.testing.assert_allclose(result.history[name], expected, rtol=1e-5)
    for part in ("validation", "test"):
        x, y = getattr(DATA, f"x_{part}"), getattr(DATA, f"y_{part}")
        loss, accuracy = evaluate(kernel, bias, x, y)
        short = "val" if part == "validation" else "test"
        assert result.final[f"{short}_loss"] == pytest.approx(loss, rel=1e-5)
        assert result.final[f"{short}_accuracy"] == pytest.approx(accuracy, rel=1e-6)


# Records


@pytest.fixture(scope="module")
def standard():
    return trained()


@pytest.mark.slow
def test_history_has_a_value_an_epoch_in_every_column(standard):
    assert tuple(standard.history) == METRICS
    assert {len(values) for values in standard.history.values()} == {3}
    assert standard.epochs == 3
    assert standard.status == "completed"
    assert sorted(standard.final) == ["test_accuracy", "test_loss", "val_accuracy", "val_loss"]
    assert all(type(value) is float for values in standard.history.values() for value in values)
    assert (standard.run, standard.engine) == (Run("toy", 0.1, 0), "fit")
    assert standard.seconds > 0
    assert standard.history["learning_rate"] == [np.float32(0.1)] * 3


@pytest.mark.slow
def test_last_incomplete_batch_is_dropped_and_a_batch_may_be_all_examples():
    whole = trained(batch_size=EXAMPLES, epochs=1)
    kernel, bias = initial_model(job(), DATA).get_weights()
    loss, accuracy = evaluate(kernel, bias, DATA.x_train, DATA.y_train)
    assert whole.history["loss"] == pytest.approx([loss], rel=1e-5)
    assert whole.history["accuracy"] == pytest.approx([accuracy], rel=1e-6)
    with pytest.raises(ZooError, match=r"80 training examples of toy. Received: batch_size=81"):
        trained(batch_size=EXAMPLES + 1)


@pytest.mark.slow
def test_each_result_comes_before_the_next_run_starts_and_progress_hears_of_every_epoch():
    heard = []

    class Listener(Silent):
        def epoch(self, jobs, epoch):
            heard.append((jobs[0].run.seed, epoch))

    results = fit.train([job(seed=4, epochs=2), job(seed=5, epochs=1)], DATA, Listener())
    assert next(results).run.seed == 4
    assert heard == [(4, 1), (4, 2)]
    assert next(results).run.seed == 5
    assert heard == [(4, 1), (4, 2), (5, 1)]


# Ends before the last epoch


@pytest.mark.slow
def test_nan_loss_ends_the_run_as_diverged():
    result = trained(rate=1e38, epochs=20)
    assert result.status == "diverged"
    assert result.epochs < 20
    assert not math.isfinite(result.history["loss"][-1])
    assert all(math.isfinite(loss) for loss in result.history["loss"][:-1])


@pytest.mark.slow
def test_callback_may_stop_the_run(standard):
    # No epoch improves on the first by 1e9, so patience runs out after the third.
    stop = {"monitor": "loss", "min_delta": 1e9, "patience": 2}
    result = trained(epochs=9, callbacks=lambda: [keras.callbacks.EarlyStopping(**stop)])
    assert result.epochs == 3
    assert {len(values) for values in result.history.values()} == {3}
    assert result.status == "completed"
    assert result.history == standard.history
    assert result.final == standard.final


# Learning rates


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schedule", "closed_form"),
    [
        (
            lambda rate, steps, epochs: schedules.ExponentialDecay(rate, steps, 0.5),
            lambda step: 0.1 * 0.5 ** (step / STEPS),
        ),
        (
            lambda rate, steps, epochs: schedules.PolynomialDecay(rate, steps * epochs, 0.0),
            lambda step: 0.1 * (1 - step / (3 * STEPS)),
        ),
    ],
    ids=["exponential", "linear"],
)
def test_learning_rate_column_is_read_after_the_epochs_last_step(schedule, closed_form):
    rates = trained(schedule=schedule).history["learning_rate"]
    expected = [closed_form(STEPS * epoch) for epoch in (1, 2, 3)]
    np.testing.assert_allclose(rates, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.slow
def test_learning_rate_column_shows_the_rate_that_the_epoch_was_trained_with():
    # The callback speaks after the recorder, for the epochs to come.
    reduce = {"monitor": "loss", "min_delta": 1e9, "patience": 1, "factor": 0.5}
    result = trained(schedule=lambda *_: keras.callbacks.ReduceLROnPlateau(**reduce))
    np.testing.assert_allclose(result.history["learning_rate"], [0.1, 0.1, 0.05], rtol=1e-6)
    assert tuple(result.history) == METRICS


# Repetition


@pytest.mark.slow
def test_same_seed_gives_the_same_result_whatever_ran_between():
    before = [array.tobytes() for array in vars(DATA).values() if isinstance(array, np.ndarray)]
    first = trained(build_model=noisy)
    other = trained(build_model=noisy, seed=1)
    again = trained(build_model=noisy)
    assert first.history == again.history
    assert first.final == again.final
    assert first.history["loss"] != other.history["loss"]
    for name in ("val_loss", "val_accuracy"):
        assert first.final[name] == pytest.approx(first.history[name][-1], rel=1e-6)
    after = [array.tobytes() for array in vars(DATA).values() if isinstance(array, np.ndarray)]
    assert after == before


@pytest.mark.slow
def test_reason_for_the_engine_stands_beside_its_name():
    assert fit.train_one(job(epochs=1), DATA, Silent(), "a test").engine == "fit (a test)"


def recurrent(input_shape, num_classes):
    cell = layers.LSTM(4)
    return keras.Sequential(
        [keras.Input(input_shape), layers.Reshape((5, 1)), cell, layers.Dense(num_classes)]
    )


def convolving(input_shape, num_classes):
    cell = layers.Conv1D(4, 3)
    return keras.Sequential(
        [keras.Input(input_shape), layers.Reshape((5, 1)), cell, layers.Flatten(), layers.Dense(3)]
    )


def dropping(input_shape, num_classes):
    return keras.Sequential([convolving(input_shape, num_classes), layers.Dropout(0.1)])


@pytest.mark.parametrize(
    ("build_model", "batch_size", "on_tensorflow"),
    [
        (noisy, 8, True),
        (recurrent, 8, False),
        (convolving, 8, False),
        (dropping, 8, True),
        (dropping, None, False),
        (dropping, 10**9, False),
    ],
)
def test_xla_compiles_what_a_population_could_train(build_model, batch_size, on_tensorflow):
    expected = on_tensorflow or keras.backend.backend() != "tensorflow"
    assert fit.takes_xla(build_model((5,), CLASSES), batch_size) == expected


def test_what_xla_would_compile_is_refused_where_a_process_is_full(monkeypatch):
    monkeypatch.setattr("zoo.data.memory.memory_maps", lambda: (999, 1000))
    with pytest.raises(FullError):
        fit.takes_xla(dropping((5,), CLASSES), 8)
    if keras.backend.backend() == "tensorflow":
        assert not fit.takes_xla(recurrent((5,), CLASSES), 8)
