import itertools
import math
import random

import keras
import numpy as np
import pytest
from callback_case import CLASSES, FEATURES, X, Y, crossentropy

from callbacks.batch_size_schedule import BatchSizeSchedule

EXAMPLES = len(X)


class Updates(keras.callbacks.Callback):
    """Counts the optimizer's updates of every epoch."""

    def __init__(self):
        super().__init__()
        self.updates = []

    def on_epoch_end(self, epoch, logs=None):
        self.updates.append(int(self.model.optimizer.iterations) - sum(self.updates))


class Rows(BatchSizeSchedule):
    """Gives every example its number as its only feature, and keeps what is asked for."""

    def __init__(self, examples, *arguments, **keywords):
        numbers = np.arange(examples, dtype=np.float32)[:, None]
        super().__init__(numbers, numbers, *arguments, **keywords)


class Reversed(BatchSizeSchedule):
    def order(self, epoch):
        return np.arange(self.examples)[::-1]


class Witness(keras.layers.Layer):
    """Keeps the inputs of every training step."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def build(self, shape):
        self.factor = self.add_weight(shape=(), initializer="ones")

    def call(self, x, training=False):
        if training and hasattr(x, "numpy"):  # not while Keras only builds the model
            self.batches.append(keras.ops.convert_to_numpy(x)[:, 0].astype(int).tolist())
        return x * self.factor


def batches_seen(schedule, epochs, **keywords):
    """Trains, and returns the examples' numbers of every batch that the model has seen."""
    if keras.backend.backend() == "jax":
        pytest.skip("a layer sees no numbers: JAX has no eager training")
    witness = Witness()
    model = keras.Sequential([keras.Input((1,)), witness])
    model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
    fit_on(schedule, model, epochs, **keywords)
    return witness.batches


def fresh_model(**keywords):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((FEATURES,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(CLASSES)]
    )
    model.compile(keras.optimizers.SGD(0.1, 0.9), crossentropy(), metrics=["accuracy"], **keywords)
    return model


def fit_on(schedule, model, epochs, **keywords):
    keywords = {"shuffle": False, "verbose": 0, "callbacks": [], **keywords}
    callbacks = [*keywords.pop("callbacks"), schedule.callback]
    return model.fit(schedule, epochs=epochs, callbacks=callbacks, **keywords).history


def weights(model):
    return [keras.ops.convert_to_numpy(variable) for variable in model.weights]


# What an epoch consists of


@pytest.mark.slow
@pytest.mark.parametrize("drop_remainder", [False, True])
@pytest.mark.parametrize(
    "batch_sizes", [{0: 5}, {0: 4, 1: 8, 3: 16}, {0: 16, 2: 4}, {0: 7, 1: 48, 2: 20}]
)
def test_updates_of_every_epoch_are_exact(batch_sizes, drop_remainder):
    schedule = BatchSizeSchedule(X, Y, batch_sizes, drop_remainder=drop_remainder)
    counter = Updates()
    fit_on(schedule, fresh_model(), 5, callbacks=[counter])
    sizes = []
    for epoch in range(5):
        sizes.append(batch_sizes[epoch] if epoch in batch_sizes else sizes[-1])
    rounded = math.floor if drop_remainder else math.ceil
    assert counter.updates == [rounded(EXAMPLES / size) for size in sizes]
    assert schedule.batch_sizes_used == sizes


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_example_is_seen_once_an_epoch(shuffle):
    schedule = Rows(20, {0: 8, 1: 6, 2: 64}, shuffle=shuffle, seed=3)
    seen = batches_seen(schedule, 3)
    assert [len(batch) for batch in seen] == [8, 8, 4, 6, 6, 6, 2, 20]
    orders = [list(itertools.chain(*part)) for part in (seen[:3], seen[3:7], seen[7:])]
    assert all(sorted(order) == list(range(20)) for order in orders)
    assert orders == [schedule.order(epoch).tolist() for epoch in range(3)]
    distinct = {tuple(order) for order in orders}
    assert len(distinct) == (3 if shuffle else 1)


def test_what_is_left_over_is_dropped():
    seen = batches_seen(Rows(20, {0: 8, 1: 6}, shuffle=False, drop_remainder=True), 2)
    assert seen == [list(range(first, first + size)) for first, size in
                    ((0, 8), (8, 8), (0, 6), (6, 6), (12, 6))]  # fmt: skip


def test_seed_and_epoch_fix_the_order():
    one, same, other = (Rows(20, {0: 4}, seed=seed) for seed in (5, 5, 6))
    assert one.order(2).tolist() == same.order(2).tolist()
    assert one.order(2).tolist() != other.order(2).tolist()
    assert one.order(2).tolist() != one.order(3).tolist()


def test_fit_shuffles_whole_batches_unless_told_otherwise():
    random.seed(0)
    schedule = Rows(20, {0: 2, 1: 4}, shuffle=False)
    seen = batches_seen(schedule, 2, shuffle=True)
    expected = [list(range(first, first + 2)) for first in range(0, 20, 2)]
    assert sorted(seen[:10]) == expected != seen[:10]
    assert sorted(seen[10:]) == [list(range(first, first + 4)) for first in range(0, 20, 4)]


def test_order_can_be_overridden():
    schedule = Reversed(X, Y, {0: 16})
    np.testing.assert_array_equal(schedule[0][0], X[:-17:-1])
    np.testing.assert_array_equal(schedule[2][1], Y[15::-1])


def test_order_of_the_wrong_length_is_refused():
    class Short(BatchSizeSchedule):
        def order(self, epoch):
            return np.arange(5)

    with pytest.raises(ValueError, match=r"must return 48 integers.*Received: .* shape \(5,\)"):
        Short(X, Y, {0: 16})


# The same numbers as other ways to train


@pytest.mark.slow
@pytest.mark.parametrize("size", [16, 20])
def test_constant_size_equals_fit_with_arrays(size):
    one, other = fresh_model(), fresh_model()
    history = fit_on(BatchSizeSchedule(X, Y, {0: size}, shuffle=False), one, 3)
    expected = other.fit(X, Y, batch_size=size, epochs=3, shuffle=False, verbose=0).history
    assert history == expected
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("batch_sizes", [{0: 6, 2: 20}, {0: 48, 1: 5}])
def test_equals_a_loop_written_by_hand(batch_sizes):
    one, other = fresh_model(), fresh_model()
    schedule = BatchSizeSchedule(X, Y, batch_sizes, seed=1)
    fit_on(schedule, one, 4)
    size = 0
    for epoch in range(4):
        size = batch_sizes.get(epoch, size)
        order = schedule.order(epoch)
        for first in range(0, EXAMPLES, size):
            rows = order[first : first + size]
            other.train_on_batch(X[rows], Y[rows])
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_validation_data():
    one, other = fresh_model(), fresh_model()
    part = (X[:30], Y[:30])
    keywords = {"validation_data": part, "validation_batch_size": 7}
    history = fit_on(BatchSizeSchedule(X, Y, {0: 16}, shuffle=False), one, 2, **keywords)
    expected = other.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0, **keywords)
    assert history == expected.history
    assert len(history["val_loss"]) == 2


@pytest.mark.slow
def test_sample_weight():
    one, other = fresh_model(), fresh_model()
    weight = np.linspace(0, 2, EXAMPLES, dtype=np.float32)
    schedule = BatchSizeSchedule(X, Y, {0: 16}, shuffle=False, sample_weight=weight)
    history = fit_on(schedule, one, 2)
    keywords = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0}
    assert history == other.fit(X, Y, sample_weight=weight, **keywords).history
    plain = BatchSizeSchedule(X, Y, {0: 16}, shuffle=False)
    assert history != fit_on(plain, fresh_model(), 2)


def test_structures_of_arrays():
    schedule = BatchSizeSchedule({"a": X, "b": (X[:, 0],)}, [Y, Y], {0: 16}, shuffle=False)
    inputs, targets = schedule[2]
    np.testing.assert_array_equal(inputs["b"][0], X[32:48, 0])
    np.testing.assert_array_equal(targets[1], Y[32:48])


# Fit after fit


@pytest.mark.slow
def test_two_fits_begin_anew():
    schedule = BatchSizeSchedule(X, Y, {0: 4, 2: 16}, seed=2)
    histories = [fit_on(schedule, fresh_model(), 3) for _ in range(2)]
    assert histories[0] == histories[1]
    assert schedule.batch_sizes_used == [4, 4, 16]
    assert (schedule.epoch, schedule.batch_size, len(schedule)) == (0, 4, 12)
    counter = Updates()
    fit_on(schedule, fresh_model(), 1, callbacks=[counter])
    assert schedule.batch_sizes_used == [4]
    assert counter.updates == [12]


def test_fit_after_a_stop_within_an_epoch():
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    schedule = BatchSizeSchedule(X, Y, {0: 4, 1: 16}, seed=2)
    expected = fit_on(schedule, fresh_model(), 2)
    counter = Updates()
    fit_on(schedule, fresh_model(), 2, callbacks=[Stop(), counter])
    assert counter.updates == [2]
    assert fit_on(schedule, fresh_model(), 2) == expected


@pytest.mark.slow
def test_fit_after_an_error():
    def fail(epoch, logs):
        raise KeyError(epoch)

    schedule = BatchSizeSchedule(X, Y, {0: 4, 1: 16}, seed=2)
    expected = fit_on(schedule, fresh_model(), 2)
    for hook in ("on_epoch_begin", "on_epoch_end"):
        for _ in range(2):
            failing = keras.callbacks.LambdaCallback(**{hook: fail})
            with pytest.raises(KeyError):
                fit_on(schedule, fresh_model(), 2, callbacks=[failing])
        assert fit_on(schedule, fresh_model(), 2) == expected


def test_initial_epoch_counts():
    schedule = BatchSizeSchedule(X, Y, {0: 4, 2: 16})
    counter = Updates()
    fit_on(schedule, fresh_model(), 4, initial_epoch=1, callbacks=[counter])
    assert counter.updates == [12, 3, 3]
    assert schedule.batch_sizes_used == [4, 16, 16]


@pytest.mark.slow
@pytest.mark.parametrize("built", [False, True])
def test_forgotten_callback_is_an_error(built):
    model = fresh_model()
    if built:
        model.fit(X, Y, epochs=1, verbose=0)
    schedule = BatchSizeSchedule(X, Y, {0: 4, 2: 16})
    with pytest.raises(ValueError, match=r"pass `callbacks=\[schedule.callback\]`"):
        model.fit(schedule, epochs=2, verbose=0)
    assert fit_on(schedule, fresh_model(), 2) == fit_on(schedule, fresh_model(), 2)


def test_forgotten_callback_is_said_once_for_each_time():
    model, schedule = fresh_model(), BatchSizeSchedule(X, Y, {0: 4, 2: 16})
    with pytest.raises(ValueError, match="has to be told the epoch"):
        model.fit(schedule, epochs=2, verbose=0)
    model.fit(schedule, epochs=1, verbose=0)  # one epoch has the right batch size anyway


# In Keras's loop


@pytest.mark.parametrize("verbose", [1, 2])
def test_progress_bar_knows_the_steps_of_each_epoch(verbose, capsys):
    fit_on(BatchSizeSchedule(X, Y, {0: 4, 1: 16, 2: 1}), fresh_model(), 3, verbose=verbose)
    out = capsys.readouterr().out
    assert [f"{steps}/{steps}" in out for steps in (12, 3, 48)] == [True] * 3


@pytest.mark.slow
def test_compiled_with_xla_as_well():
    counter = Updates()
    schedule = BatchSizeSchedule(X, Y, {0: 4, 1: 20})
    fit_on(schedule, fresh_model(jit_compile=True), 2, callbacks=[counter])
    assert counter.updates == [12, 3]


def test_several_steps_an_execution():
    counter = Updates()
    schedule = BatchSizeSchedule(X, Y, {0: 4, 1: 12, 2: 6})
    fit_on(schedule, fresh_model(steps_per_execution=2), 3, callbacks=[counter])
    assert counter.updates == [12, 4, 8]


def test_class_weight():
    one, other = fresh_model(), fresh_model()
    keywords = {"class_weight": {0: 1.0, 1: 0.0, 2: 3.0}}
    history = fit_on(BatchSizeSchedule(X, Y, {0: 16}, shuffle=False), one, 2, **keywords)
    expected = other.fit(X, Y, 16, epochs=2, shuffle=False, verbose=0, **keywords)
    assert history == expected.history


def test_callback_has_no_hook_below_epochs():
    from zoo.engine.run_model import hook_below_epochs

    assert hook_below_epochs(BatchSizeSchedule(X, Y, {0: 4}).callback) == ""


def test_by_hand():
    schedule = BatchSizeSchedule(X, Y, {0: 48, 2: 20}, shuffle=False)
    assert [len(x) for x, _ in schedule] == [48]
    schedule.set_epoch(7)
    assert [len(x) for x, _ in schedule] == [20, 20, 8]
    assert (len(schedule), schedule.epoch, schedule.batch_size) == (3, 7, 20)


# Arguments


@pytest.mark.parametrize(
    "batch_sizes", [{}, {1: 4}, {0: 0}, {0: 4, -1: 8}, {0: 2.5}, {0: 4, 1.5: 8}, {0: -4}]
)
def test_batch_sizes_are_checked(batch_sizes):
    with pytest.raises(ValueError, match=r"`batch_sizes` must map epochs.* Received: batch_sizes="):
        BatchSizeSchedule(X, Y, batch_sizes)


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_seed_is_checked(seed):
    with pytest.raises(ValueError, match=f"`seed` must be .* Received: seed={seed}"):
        BatchSizeSchedule(X, Y, {0: 4}, seed=seed)


def test_lengths_are_checked():
    for x, y, weight in ((X, Y[:-1], None), (X[:0], Y[:0], None), (X, Y, Y[:9]), (1.0, 2.0, None)):
        with pytest.raises(ValueError, match="same number of examples"):
            BatchSizeSchedule(x, y, {0: 4}, sample_weight=weight)


def test_an_epoch_cannot_be_empty():
    with pytest.raises(ValueError, match="must not exceed the number of examples"):
        BatchSizeSchedule(X, Y, {0: 4, 3: 49}, drop_remainder=True)
    assert len(BatchSizeSchedule(X, Y, {0: 49})) == 1


def test_arguments_are_attributes_of_the_same_name():
    arguments = {"batch_sizes": {0: 3}, "shuffle": False, "seed": 4, "drop_remainder": True}
    schedule = BatchSizeSchedule(X, Y, **arguments)
    assert {name: getattr(schedule, name) for name in arguments} == arguments
