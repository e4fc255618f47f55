import dataclasses

import keras
import numpy as np
import pytest
from keras import constraints, layers, regularizers
from uncompiled import uncompiled

from zoo.data import Data
from zoo.engine import fit, population
from zoo.engine.groups import groups
from zoo.experiment import Recipe
from zoo.runs.run import Job, Run, Silent


def part(examples):
    generator = np.random.default_rng(examples)
    y = np.arange(examples) % 3
    x = np.eye(6)[y] + 0.5 * generator.normal(size=(examples, 6))
    return x.astype(np.float32), y.astype(np.int32)


DATA = Data("toy", *part(180), *part(60), *part(45), 3, ("a", "b", "c"), "toy")


def penalised(*penalties, units=8):
    """Returns a function that builds a network with a penalty on each hidden layer's kernel."""

    def build(input_shape, num_classes):
        hidden = [layers.Dense(units, "relu", kernel_regularizer=each()) for each in penalties]
        return keras.Sequential([keras.Input(input_shape), *hidden, layers.Dense(num_classes)])

    return build


def job(build, **changes):
    recipe = Recipe(
        build_model=build,
        optimizer=keras.optimizers.Adam,
        learning_rates=(0.01,),
        epochs=2,
        batch_size=32,
    )
    return Job(dataclasses.replace(recipe, **changes), Run(str(id(build)), 0.01, 3))


def l1(strength):
    return lambda: regularizers.L1(strength)


def l2(strength):
    return lambda: regularizers.L2(strength)


def shared(strength):
    both = regularizers.L2(strength)
    return penalised(lambda: both, lambda: both)


def train_alone(item):
    """Trains a run by `fit`; nothing here is random."""
    with uncompiled():
        return fit.train_one(item, DATA, Silent())


def assert_same_as_fit(result, item):
    alone = train_alone(item)
    assert result.final == pytest.approx(alone.final, 1e-5)
    np.testing.assert_allclose(result.history["loss"], alone.history["loss"], rtol=1e-5)


class Costs(keras.callbacks.Callback):
    """Keeps what the model's penalties cost, asked of the model and of its evaluation."""

    def __init__(self, kept):
        super().__init__()
        self.kept = kept

    def on_epoch_end(self, epoch, logs=None):
        direct = float(sum(self.model.losses))
        whole = self.model.evaluate(DATA.x_test, DATA.y_test, verbose=0)[0]
        logits = self.model(DATA.x_test)
        crossentropy = float(self.model.loss(DATA.y_test, logits))
        self.kept.append((direct, whole - crossentropy))


def both(l1, l2):
    return penalised(l2_of_the_first, lambda: regularizers.L1L2(l1, l2))


def l2_of_the_first():
    return regularizers.L2(0.01)


def constrained(radius, penalty=None, axis=0):
    """Returns a function that builds a network whose columns are never longer than a radius."""

    def build(input_shape, num_classes):
        limit = constraints.MaxNorm(radius, axis=axis)
        hidden = layers.Dense(8, "relu", kernel_constraint=limit, kernel_regularizer=penalty)
        return keras.Sequential([keras.Input(input_shape), hidden, layers.Dense(num_classes)])

    return build


@pytest.mark.slow
@pytest.mark.parametrize(
    "builds",
    [
        [
            penalised(l1(0.01), l2(0.02)),
            penalised(l1(0.0), l2(0.3)),
            penalised(l1(0.001), l2(0.0)),
        ],
        [both(0.01, 0.02), both(0.001, 0.3)],
        [both(0.01, 0.0), both(0.1, 0.0)],
        [constrained(0.5), constrained(1), constrained(1e9)],
        [constrained(0.5, regularizers.L2(0.1)), constrained(1.0, regularizers.L2(0.01))],
    ],
    ids=["penalties", "both", "one of both", "radius", "radius and penalty"],
)
def test_runs_that_differ_in_strengths_train_together_and_equal_fit(builds):
    jobs = [job(each) for each in builds]
    assert len(list(groups(jobs, DATA))) == 1
    found = {result.run: result for result in population.train(jobs, DATA, Silent())}
    for item in jobs:
        assert found[item.run].engine.startswith("population")
        assert_same_as_fit(found[item.run], item)
    losses = {result.history["loss"][-1] for result in found.values()}
    assert len(losses) == len(jobs)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (both(0.01, 0.02), both(0.01, 0.0)),
        (both(0.01, 0.0), both(0.0, 0.01)),
        (constrained(1.0), constrained(1.0, axis=1)),
        (constrained(1.0), penalised(lambda: None)),
    ],
    ids=["without", "other", "axis", "none"],
)
def test_what_is_asked_in_python_is_another_program(one, other):
    assert len(list(groups([job(one), job(other)], DATA))) == 2


class Radii(keras.callbacks.Callback):
    """Keeps the radius that the model's own constraint has."""

    def __init__(self, kept):
        super().__init__()
        self.kept = kept

    def on_epoch_end(self, epoch, logs=None):
        self.kept.append(self.model.layers[0].kernel.constraint.max_value)


@pytest.mark.slow
def test_callbacks_see_the_radius_of_their_own_run():
    kept = {0.5: [], 2.0: []}
    jobs = [
        job(constrained(radius), callbacks=lambda own=own: [Radii(own)])
        for radius, own in kept.items()
    ]
    assert len(list(groups(jobs, DATA))) == 1
    list(population.train(jobs, DATA, Silent()))
    assert kept == {0.5: [0.5] * 2, 2.0: [2.0] * 2}


@pytest.mark.parametrize(
    "other",
    [
        penalised(l2(0.01), l1(0.01)),
        penalised(l1(0.01), lambda: None),
        penalised(l1(0.01), lambda: regularizers.L1L2(l2=0.01)),
        penalised(l1(0.01), l2(0.01), units=9),
    ],
    ids=["order", "fewer", "L1L2", "units"],
)
def test_other_penalties_are_another_program(other):
    assert len(list(groups([job(penalised(l1(0.01), l2(0.01))), job(other)], DATA))) == 2


@pytest.mark.slow
@pytest.mark.parametrize("callbacks", [list, lambda: [Costs([])]], ids=["plain", "evaluating"])
def test_a_penalty_that_two_layers_share_is_another_program_and_stays_the_authors(callbacks):
    mine = {"callbacks": callbacks}
    jobs = [
        job(shared(0.01), **mine),
        job(penalised(l2(0.01), l2(0.2)), **mine),
        job(shared(0.2), **mine),
    ]
    assert [len(group.jobs) for group in groups(jobs, DATA)] == [2, 1]
    for result in population.train(jobs, DATA, Silent()):
        assert_same_as_fit(result, next(item for item in jobs if item.run == result.run))


@pytest.mark.slow
def test_callbacks_see_the_strengths_of_their_own_run():
    kept = {}
    jobs = []
    for strength in (0.0, 0.1, 1.0):
        own = kept.setdefault(strength, [])
        jobs.append(
            job(penalised(l2(strength), l2(strength)), callbacks=lambda own=own: [Costs(own)])
        )
    assert len(list(groups(jobs, DATA))) == 1
    together = [result.final for result in population.train(jobs, DATA, Silent())]
    seen = {strength: list(own) for strength, own in kept.items()}
    assert seen[0.0] == [(0.0, pytest.approx(0.0, abs=1e-5))] * 2
    assert min(seen[1.0])[0] > min(seen[0.1])[0] > 0
    for own in kept.values():
        own.clear()
    alone = [train_alone(item).final for item in jobs]
    for ours, theirs in zip(together, alone, strict=True):
        assert ours == pytest.approx(theirs, 1e-5)
    for strength, own in kept.items():
        np.testing.assert_allclose(seen[strength], own, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_models_of_a_recipe_keep_their_strength():
    item, other = job(penalised(l2(0.01))), job(penalised(l2(0.3)))
    list(population.train([item, other], DATA, Silent()))
    [group] = groups([item, other], DATA)
    assert [float(group.numbers_of(each)[0]) for each in (item, other)] == [
        pytest.approx(0.01),
        pytest.approx(0.3),
    ]


def sgd(momentum, **more):
    return lambda rate: keras.optimizers.SGD(rate, momentum=momentum, **more)


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"nesterov": True}, {"weight_decay": 0.01}], ids=str)
def test_runs_that_differ_in_momentum_train_together_and_equal_fit(more):
    build = penalised(l2(0.01))
    jobs = [job(build, optimizer=sgd(value, **more)) for value in (0.5, 0.9, 0.99)]
    jobs = [Job(each.recipe, Run("m", 0.01, seed)) for seed, each in enumerate(jobs)]
    assert len(list(groups(jobs, DATA))) == 1
    for result in population.train(jobs, DATA, Silent()):
        assert result.engine.startswith("population")
        assert_same_as_fit(result, jobs[result.run.seed])


def test_no_momentum_is_another_program_and_so_is_another_kind_of_optimizer():
    class Mine(keras.optimizers.SGD):
        pass

    build = penalised(l2(0.01))
    jobs = [
        job(build, optimizer=sgd(0.0)),
        job(build, optimizer=sgd(0.9)),
        job(build, optimizer=lambda rate: Mine(rate, momentum=0.9)),
        job(build, optimizer=lambda rate: Mine(rate, momentum=0.8)),
        job(build, optimizer=lambda rate: keras.optimizers.RMSprop(rate, momentum=0.9)),
        job(build, optimizer=lambda rate: keras.optimizers.RMSprop(rate, momentum=0.8)),
    ]
    assert len(list(groups(jobs, DATA))) == 6


@pytest.mark.slow
def test_a_momentum_that_follows_from_the_rate_is_that_of_the_rate():
    recipe = job(penalised(l2(0.1)), optimizer=lambda rate: sgd(1 - 10 * rate)(rate)).recipe
    jobs = [Job(recipe, Run("m", rate, 0)) for rate in (0.01, 0.05)]
    assert len(list(groups(jobs, DATA))) == 1
    for result in population.train(jobs, DATA, Silent()):
        assert_same_as_fit(result, next(item for item in jobs if item.run == result.run))


@pytest.mark.slow
def test_callbacks_see_the_momentum_of_their_own_run():
    seen = {}

    class Look(keras.callbacks.Callback):
        def __init__(self, name):
            super().__init__()
            self.name = name

        def on_epoch_end(self, epoch, logs=None):
            seen[self.name] = self.model.optimizer.momentum

    build = penalised(l2(0.1))
    jobs = [
        job(build, optimizer=sgd(value), callbacks=lambda value=value: [Look(value)])
        for value in (0.5, 0.9)
    ]
    jobs.append(job(build, callbacks=lambda: [Look("adam")]))
    with pytest.raises(AttributeError, match="momentum"):
        list(population.train(jobs, DATA, Silent()))
    assert seen == {0.5: 0.5, 0.9: pytest.approx(0.9)}
