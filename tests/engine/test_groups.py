"""What trains together, who has to train alone, and where each begins."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from groups_case import DATA, FEATURES, UNITS, grouped, job, mlp, reason
from keras import initializers, layers, optimizers
from keras.optimizers import schedules

from zoo.engine.groups import groups
from zoo.engine.initial_model import initial_model
from zoo.initializers import LSUV
from zoo.layers import Swish

# What lands together


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"rate": 0.3},
        {"build_model": mlp(initializer="glorot_uniform")},
        {"build_model": mlp(initializer=initializers.Constant(0.1))},
        {"build_model": mlp(initializer=LSUV())},
        {"build_model": mlp(seed=7)},
        {"schedule": lambda rate, steps, epochs: schedules.CosineDecay(rate, steps)},
        {"schedule": lambda *_: keras.callbacks.ReduceLROnPlateau()},
        {"callbacks": lambda: [keras.callbacks.EarlyStopping()]},
        {"epochs": 5},
        {"optimizer": lambda rate: optimizers.SGD(rate, momentum=0.8)},
    ],
    ids=[
        *("seed", "rate", "initializer", "constant", "lsuv", "dropout seed", "schedule"),
        *("plateau", "callback", "epochs", "momentum"),
    ],
)
def test_one_program_for(change):
    (group,) = grouped(job(), job("b", **change))
    assert [item.run.variant for item in group.jobs] == ["a", "b"]
    assert (group.reason, group.why_size) == ("", "")


def swish(*beta):
    return mlp(last=[lambda: Swish(*beta)])


def test_what_gives_an_initial_value_only_is_no_other_program():
    items = [job(f"{beta}", build_model=swish(beta)) for beta in (0.0, 1.0, 10.0)]
    (group,) = grouped(*items)
    assert len(group.jobs) == 3
    starts = [float(group.initial_values(item)[-1]) for item in items]
    assert starts == [0.0, 1.0, 10.0]
    assert {group.start_of(item).model.layers[-1].beta for item in items} == {0.0, 1.0, 10.0}
    assert len(grouped(items[0], job("learned", build_model=swish(0.0, True)))) == 2


def ignoring():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2)


@pytest.mark.parametrize(
    "change",
    [
        {"build_model": mlp(units=13)},
        {"build_model": mlp(activation="tanh")},
        {"build_model": mlp(rate=0.4)},
        {"build_model": mlp(last=[layers.ReLU])},
        {"optimizer": optimizers.Adam},
        {"optimizer": lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True)},
        {"optimizer": lambda rate: optimizers.SGD(rate, momentum=0.9, clipnorm=1.0)},
        {"batch_size": 16},
        {"loss": ignoring},
    ],
    ids=[
        *("units", "activation", "dropout rate", "layer", "optimizer", "nesterov"),
        *("clipnorm", "batch size", "loss"),
    ],
)
def test_two_programs_for(change):
    first, second = grouped(job(), job("b", **change))
    assert [item.run.variant for item in first.jobs] == ["a"]
    assert [item.run.variant for item in second.jobs] == ["b"]
    assert first.reason == second.reason == ""


@pytest.mark.slow
def test_groups_come_in_the_order_of_their_first_jobs_and_hold_each_job_once():
    narrow = {"build_model": mlp(units=8)}
    jobs = [
        job(variant, rate, seed, **changes)
        for variant, changes in (("a", {}), ("narrow", narrow), ("b", {"epochs": 3}))
        for rate in (0.3, 0.1)
        for seed in (2, 0, 1)
    ]
    first, second = grouped(*jobs)
    assert len(first.jobs) == 12
    assert {item.run.variant for item in second.jobs} == {"narrow"}
    assert {item.run for item in (*first.jobs, *second.jobs)} == {item.run for item in jobs}
    assert first.describe() == "a, b: 12 runs"
    assert second.describe() == "narrow: 6 runs"


def test_a_group_of_many_variants_is_described_by_its_first_three():
    (group,) = grouped(*(job(str(number)) for number in range(5)))
    assert group.describe() == "0, 1, 2 and 2 more: 5 runs"


def test_nothing_to_train_is_no_group():
    assert grouped() == []


# Who has to train alone


def recurrent(kind):
    def build(input_shape, num_classes):
        return keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Reshape((FEATURES, 1)),
                kind,
                layers.Dense(num_classes),
            ]
        )

    return build


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a limit of TensorFlow")
@pytest.mark.parametrize("kind", [layers.GRU, layers.LSTM, layers.SimpleRNN])
def test_recurrent_layers_train_alone_on_tensorflow(kind):
    expected = f"TensorFlow cannot compile {kind.__name__} with XLA"
    assert reason(build_model=recurrent(kind(2))) == expected


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_other_backends_train_alone(monkeypatch, backend):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    assert reason() == f"the {backend} backend has no population engine"


class Counter(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


def test_callbacks_below_epochs_train_alone_beside_a_group():
    shared, alone = grouped(job(), job("b", callbacks=lambda: [Counter()]))
    assert (shared.reason, len(shared.jobs)) == ("", 1)
    assert alone.reason == "Counter.on_train_batch_end works below epochs"
    assert reason(schedule=lambda *_: Counter()) == alone.reason


def excluding(rate):
    optimizer = optimizers.AdamW(rate)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        (lambda rate: optimizers.LossScaleOptimizer(optimizers.SGD(rate)), "loss scale"),
        (lambda rate: optimizers.SGD(rate, use_ema=True), "moving averages"),
        (excluding, "exclude_from_weight_decay"),
    ],
    ids=["loss scale", "moving average", "excluded from decay"],
)
def test_optimizers_that_train_alone(optimizer, words):
    assert words in reason(optimizer=optimizer)


def test_a_penalty_on_activities_trains_alone():
    def penalised(input_shape, num_classes):
        penalty = {"activity_regularizer": "l2"}
        return keras.Sequential([keras.Input(input_shape), layers.Dense(num_classes, **penalty)])

    assert reason(build_model=penalised).startswith("an activity penalty")


class Scaled(keras.optimizers.SGD):
    """Descends by a multiple of the gradient that no configuration tells of."""

    times = 1.0

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * self.times, variable, learning_rate)


def test_a_number_that_an_optimizers_copy_would_lose_trains_alone():
    def changed(rate):
        optimizer = Scaled(rate)
        optimizer.times = 1.5
        return optimizer

    (plain,) = groups([job(optimizer=Scaled)], DATA)
    (lost,) = groups([job(optimizer=changed)], DATA)
    assert not plain.reason
    assert lost.reason == "the configuration of Scaled does not say its times"


# Initial values


def learned(input_shape, num_classes):
    """Builds a model with a variable whose initializer is no attribute, and a seeded stream."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Dense(UNITS),
            Swish(1.0, learn=True),
            layers.BatchNormalization(),
            layers.Dropout(0.5, seed=5),
            layers.GaussianNoise(0.1),
            layers.Dense(num_classes),
        ]
    )


MODELS = {"mlp": mlp(), "lsuv": mlp(initializer=LSUV()), "learned": learned}


def expected_values(item):
    model = initial_model(item, DATA)
    variables = (*model.trainable_variables, *model.non_trainable_variables)
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_initial_values_are_those_of_fit_whatever_came_before(name):
    jobs = [job(seed=seed, build_model=MODELS[name]) for seed in (3, 0, 1)]
    jobs = [replace(item, recipe=jobs[0].recipe) for item in jobs]
    (group,) = grouped(*jobs)
    for item in (*jobs, *reversed(jobs)):
        expected = expected_values(item)
        for value, wanted in zip(group.initial_values(item), expected, strict=True):
            np.testing.assert_array_equal(value, wanted)
        for variable in group.model.variables:  # as a callback may leave it
            variable.assign(np.ones(variable.shape, variable.dtype))


def test_lsuv_gives_outputs_of_variance_one_in_both_engines():
    item = job(build_model=MODELS["lsuv"])
    (group,) = grouped(item)
    kernel, bias = group.initial_values(item)[:2]
    # 180 examples are fewer than the 512 that LSUV looks at; ReLU stands in the same layer.
    outputs = np.maximum(DATA.x_train.astype("float64") @ kernel + bias, 0)
    assert abs(outputs.var() - 1) <= 0.02
