import keras
import numpy as np
import pytest
from callback_case import X, Y, assert_same_runs, crossentropy, fit_alone, fit_in_both_engines

from callbacks import GradientClipping

RATE = 0.5
ATTRIBUTES = {"value": "clipvalue", "norm": "clipnorm", "global_norm": "global_clipnorm"}


def linear_model(optimizer=None, scale=10.0):
    """Returns a regression whose gradients are large."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(optimizer or keras.optimizers.SGD(RATE), "mean_squared_error")
    generator = np.random.default_rng(0)
    model.set_weights([scale * generator.normal(size=w.shape) for w in model.get_weights()])
    return model


def slow_gradients(kernel, bias, x, y):
    """Computes the gradients of the mean squared error, one element at a time."""
    gradients = [np.zeros(kernel.shape), np.zeros(bias.shape)]
    for example, target in zip(x.astype(float), y.astype(float), strict=True):
        for unit in range(len(bias)):
            error = sum(example * kernel[:, unit]) + bias[unit] - target[unit]
            gradients[0][:, unit] += 2 * error * example / y.size
            gradients[1][unit] += 2 * error / y.size
    return gradients


def slowly_clipped(gradients, value=None, norm=None, global_norm=None):
    """Clips by the definitions."""
    if value is not None:
        return [np.minimum(np.maximum(g, -value), value) for g in gradients]
    lengths = [float(np.sqrt((g**2).sum())) for g in gradients]
    if norm is not None:
        shares = [min(1, norm / length) for length in lengths]
    else:
        shares = [min(1, global_norm / np.hypot(*lengths))] * 2
    return [share * g for share, g in zip(shares, gradients, strict=True)]


TARGETS = np.random.default_rng(1).normal(size=(len(X), 3)).astype(np.float32)


def one_step(model, callbacks):
    """Trains for one full-batch step; returns minus the update over the rate, and the gradient."""
    before = model.get_weights()
    model.fit(X, TARGETS, batch_size=len(X), epochs=1, verbose=0, callbacks=callbacks)
    pairs = zip(before, model.get_weights(), strict=True)
    return [(old - new) / RATE for old, new in pairs], slow_gradients(*before, X, TARGETS)


def assert_close(some, others):
    for one, other in zip(some, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


# The step that is taken (CLP01, CLP02)


@pytest.mark.parametrize("threshold", [0.25, 4.0])
@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_step_equals_the_manual_one(kind, threshold):
    applied, gradients = one_step(linear_model(), [GradientClipping(**{kind: threshold})])
    assert np.abs(gradients[0]).max() > 4
    assert_close(applied, slowly_clipped(gradients, **{kind: threshold}))


def cosine(some, others):
    a, b = (np.concatenate([np.ravel(part) for part in parts]) for parts in (some, others))
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_value_changes_the_direction_and_norm_does_not():
    applied, gradients = one_step(linear_model(), [GradientClipping(value=1.0)])
    assert np.abs(np.concatenate([np.ravel(g) for g in applied])).max() <= 1 + 1e-4
    assert cosine(applied[:1], gradients[:1]) < 0.95
    applied, gradients = one_step(linear_model(), [GradientClipping(norm=1.0)])
    for one, gradient in zip(applied, gradients, strict=True):
        assert np.linalg.norm(one) <= 1 + 1e-4
        assert cosine([one], [gradient]) == pytest.approx(1, abs=1e-6)
    applied, gradients = one_step(linear_model(), [GradientClipping(global_norm=1.0)])
    assert np.linalg.norm(np.concatenate([np.ravel(g) for g in applied])) <= 1 + 1e-4
    assert cosine(applied, gradients) == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
def test_an_exploding_network_survives():
    def explode(callbacks):
        model = linear_model(keras.optimizers.SGD(100.0))
        return model.fit(X, TARGETS, epochs=10, verbose=0, callbacks=callbacks).history["loss"]

    assert not np.isfinite(explode([])[-1])
    assert np.isfinite(explode([GradientClipping(norm=1.0)])).all()


# Clipping that is not reached (CLP04)


def weights_after(callbacks, jit_compile):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3)]
    )
    model.compile(keras.optimizers.Adam(0.01), crossentropy(), jit_compile=jit_compile)
    model.fit(X, Y, batch_size=16, epochs=3, verbose=0, callbacks=callbacks)
    return model.get_weights()


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_inactive_clipping_changes_no_bit(jit_compile):
    free = weights_after([], jit_compile)
    for arguments in ({"value": 1000.0}, {"norm": 1024.0}, {"global_norm": 1024.0}):
        clipped = weights_after([GradientClipping(**arguments)], jit_compile)
        for one, other in zip(free, clipped, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=str(arguments))


# Several fits


@pytest.mark.parametrize("kind", ["value", "global_norm"])
def test_it_acts_in_every_fit_and_only_there(kind):
    model, callback = linear_model(), GradientClipping(**{kind: 1.0})
    for callbacks in ([], [callback], [callback], []):
        applied, gradients = one_step(model, callbacks)
        if callbacks:
            gradients = slowly_clipped(gradients, **{kind: 1.0})
        assert_close(applied, gradients)
        assert all(getattr(model.optimizer, name) is None for name in ATTRIBUTES.values())


def test_one_instance_serves_several_models():
    callback = GradientClipping(value=1.0)
    for _ in range(2):
        applied, gradients = one_step(linear_model(), [callback])
        assert_close(applied, slowly_clipped(gradients, value=1.0))


def test_a_fit_that_was_interrupted_is_cleaned_up():
    model, callback = linear_model(), GradientClipping(value=1.0)

    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one_step(model, [callback, keras.callbacks.LambdaCallback(on_epoch_end=interrupt)])
    applied, gradients = one_step(model, [callback])
    assert_close(applied, slowly_clipped(gradients, value=1.0))
    assert model.optimizer.clipvalue is None


def test_optimizer_inside_a_loss_scale():
    inner = keras.optimizers.SGD(RATE)
    model = linear_model(keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0))
    applied, gradients = one_step(model, [GradientClipping(value=1.0)])
    assert_close(applied, slowly_clipped(gradients, value=1.0))
    assert inner.clipvalue is None


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"Exactly one of .* Received: value=None, norm=None, global_norm=None"),
        ({"value": 1, "norm": 2}, r"Exactly one of .* Received: value=1, norm=2, global_norm=None"),
        ({"value": 0}, r"must be a finite float above 0. Received: value=0"),
        ({"norm": -1.0}, r"above 0. Received: value=None, norm=-1.0"),
        ({"global_norm": float("inf")}, r"finite .*global_norm=inf"),
        ({"value": float("nan")}, r"Received: value=nan"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        GradientClipping(**arguments)


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_optimizer_that_clips_already_is_refused(kind):
    optimizer = keras.optimizers.SGD(RATE, **{ATTRIBUTES[kind]: 2.0})
    model = linear_model(optimizer)
    with pytest.raises(ValueError, match=rf"does not clip yet.*'{ATTRIBUTES[kind]}': 2.0"):
        one_step(model, [GradientClipping(value=1.0)])
    assert getattr(optimizer, ATTRIBUTES[kind]) == 2.0


def test_arguments_are_attributes_of_the_same_name():
    callback = GradientClipping(norm=2.0)
    assert (callback.value, callback.norm, callback.global_norm) == (None, 2.0, None)


# In the zoo


@pytest.mark.slow
def test_population_sends_its_runs_to_fit():
    both = fit_in_both_engines(
        lambda: GradientClipping(global_norm=0.25), rates=(1.0,), epochs=2, seeds=(0,)
    )
    assert_same_runs(both, engine="fit (GradientClipping needs an optimizer of its own)")


def test_real_fit_with_a_schedule():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    _, history = fit_alone([GradientClipping(norm=1.0)], optimizer=keras.optimizers.SGD(schedule))
    assert set(history) == {"loss", "accuracy"}
    assert history["loss"][-1] < history["loss"][0]
