"""What the tests of callbacks share: a toy problem, a fit alone and one in a population."""

import contextlib
from functools import partial

import keras
import numpy as np
from uncompiled import uncompiled

import zoo

FEATURES, CLASSES = 4, 3


def make_part(examples, seed=0):
    """Returns examples of three noisy classes."""
    generator = np.random.default_rng(seed)
    y = (np.arange(examples) % CLASSES).astype(np.int32)
    x = np.eye(CLASSES, FEATURES)[y] + generator.normal(size=(examples, FEATURES))
    return x.astype(np.float32), y


X, Y = make_part(48)


def build_model(dropout=True):
    hidden = [keras.layers.Dense(8, "relu", name="hidden")]
    if dropout:
        hidden.append(keras.layers.Dropout(0.25, name="dropout"))
    return keras.Sequential(
        [keras.Input((FEATURES,)), *hidden, keras.layers.Dense(CLASSES, name="logits")]
    )


def crossentropy():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def fit_alone(callbacks, epochs=3, optimizer=None, model=None, **keywords):
    """Trains a small network with plain `model.fit`; returns model and history."""
    if model is None:
        keras.utils.set_random_seed(0)
        model = build_model()
        model.compile(optimizer or keras.optimizers.SGD(0.1), crossentropy(), metrics=["accuracy"])
    keywords = {"batch_size": 16, "epochs": epochs, "verbose": 0, **keywords}
    return model, model.fit(X, Y, callbacks=callbacks, **keywords).history


def fit_in_both_engines(
    make_callback, optimizer=keras.optimizers.SGD, rates=(0.1,), epochs=4, seeds=(0, 1)
):
    """Trains the same runs, without random numbers in training, in a population and alone.

    Returns:
        For each engine its results and the callbacks that took part, in the same order of runs.
    """
    both = []
    for engine in ("population", "fit"):
        made = []

        def callbacks(made=made):
            made.extend([make_callback()] if make_callback else [])
            return made[-1:]

        with uncompiled() if engine == "fit" else contextlib.nullcontext():
            results = zoo.fit_many(
                partial(build_model, dropout=False),
                optimizer,
                (make_part(48), make_part(30, seed=1)),
                seeds=seeds,
                learning_rates=rates,
                epochs=epochs,
                batch_size=16,
                callbacks=callbacks,
                engine=engine,
            )
        # The engines also make callbacks only to look at them; those have not met a model.
        met = [item for item in made if item.model is not None]
        if met and engine == "population":  # which seats the rates of a seed next to each other
            met = [met[s * len(rates) + r] for r in range(len(rates)) for s in range(len(seeds))]
        both.append((results, met))
    return both


def assert_same_runs(both, engine="population"):
    """Checks that the engines agree, and that the first one was used."""
    (together, _), (alone, _) = both
    for one, other in zip(together, alone, strict=True):
        assert one.engine.startswith(engine)
        assert one.run == other.run
        assert one.history.keys() == other.history.keys()
        for name, values in one.history.items():
            np.testing.assert_allclose(values, other.history[name], rtol=1e-4, atol=1e-6)
        for name, value in one.final.items():
            np.testing.assert_allclose(value, other.final[name], rtol=1e-4, atol=1e-6)
