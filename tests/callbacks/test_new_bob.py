from types import SimpleNamespace

import keras
import numpy as np
import pytest

from callbacks import InverseSquareRootDecay, NewBob


def drive(callback, values, rate=1.0):
    """Plays a fit whose epochs log `values`; returns the rate of every epoch that was trained."""
    optimizer = keras.optimizers.SGD(rate)
    callback.set_model(SimpleNamespace(optimizer=optimizer, stop_training=False))
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        rates.append(float(optimizer.learning_rate))
        callback.on_epoch_end(epoch, {callback.monitor: value})
        if callback.model.stop_training:
            break
    return rates


def expected_rates(errors, factor, start, stop):
    """Computes the same from the rule's words, for each epoch from all epochs before it."""
    rates = []
    for epoch in range(len(errors)):
        gains = [errors[e - 1] - errors[e] for e in range(1, epoch)] if epoch else []
        if start is None:
            halvings = sum(gain < 0 for gain in gains)
        else:
            small = [e for e, gain in enumerate(gains) if gain < start]
            halvings = len(gains) - small[0] if small else 0
            if small and stop is not None and any(g < stop for g in gains[small[0] + 1 :]):
                break
        rates.append(factor**halvings)
    return rates


# Scripted metrics


@pytest.mark.parametrize(
    ("accuracies", "rates"),
    [
        ([0.5], [1]),
        ([0.5, 0.6, 0.7, 0.8], [1, 1, 1, 1]),
        ([0.5, 0.4, 0.3, 0.2], [1, 1, 0.5, 0.25]),
        # An equal error is not a higher one, and halving does not go on by itself.
        ([0.5, 0.75, 0.5, 0.5, 0.75, 0.75], [1, 1, 1, 0.5, 0.5, 0.5]),
        # Compared with the epoch before, not with the best.
        ([0.75, 0.25, 0.5, 0.625], [1, 1, 0.5, 0.5]),
    ],
)
def test_simple_form_halves_when_the_error_rises(accuracies, rates):
    assert drive(NewBob(), accuracies) == rates


@pytest.mark.parametrize(
    ("accuracies", "rates", "reductions"),
    [
        # Gains of 0.1 start nothing.
        ([0.5, 0.6, 0.7, 0.8], [1, 1, 1, 1], []),
        # A gain of 0.004 starts the halving; a large gain does not end it.
        ([0.5, 0.6, 0.604, 0.7, 0.8], [1, 1, 1, 0.5, 0.25], [2, 3, 4]),
        # The next gain below 0.001 ends training; the one that started it does not.
        ([0.5, 0.5, 0.6, 0.6005, 0.7, 0.8], [1, 1, 0.5, 0.25], [1, 2]),
        ([0.5, 0.4, 0.3, 0.9], [1, 1, 0.5], [1]),
        # A gain of 0.004 goes on halving and stops nothing.
        ([0.5, 0.5, 0.504, 0.508, 0.508, 0.9], [1, 1, 0.5, 0.25, 0.125], [1, 2, 3]),
    ],
)
def test_quicknet_form_halves_every_epoch_then_stops(accuracies, rates, reductions):
    callback = NewBob(start=0.005, stop=0.001)
    assert drive(callback, accuracies) == rates
    assert callback.reductions == reductions


def test_without_stop_all_epochs_are_trained():
    assert drive(NewBob(start=0.005), [0.5] * 5) == [1, 1, 0.5, 0.25, 0.125]


@pytest.mark.parametrize(
    ("monitor", "values"),
    [
        ("val_accuracy", [0.5, 0.25, 0.5]),
        ("my_acc", [0.5, 0.25, 0.5]),
        ("val_loss", [2.0, 3.0, 2.0]),
        ("perplexity", [2.0, 3.0, 2.0]),
    ],
)
def test_direction_follows_the_name(monitor, values):
    assert drive(NewBob(monitor), values) == [1, 1, 0.5]


@pytest.mark.parametrize(("start", "stop"), [(None, None), (0.05, None), (0.05, 0.01), (0.0, 0.0)])
@pytest.mark.parametrize("factor", [0.5, 0.25])
def test_random_sequences_equal_the_rule_read_word_by_word(factor, start, stop):
    generator = np.random.default_rng(0)
    for _ in range(30):
        # Multiples of 1 / 64 subtract without rounding.
        errors = (generator.integers(0, 6, 12) / 64).tolist()
        callback = NewBob("val_loss", factor=factor, start=start, stop=stop)
        rates = drive(callback, errors)
        assert rates == expected_rates(errors, factor, start, stop)


def test_factor_multiplies_the_rate_of_the_moment():
    assert drive(NewBob(factor=0.25), [0.5, 0.4, 0.3], rate=0.5) == [0.5, 0.5, 0.125]


def test_logs_are_left_alone():
    callback = NewBob()
    drive(callback, [0.5])
    logs = {"val_accuracy": 0.1}
    callback.on_epoch_end(1, logs)
    assert logs == {"val_accuracy": 0.1}


# Several fits


@pytest.mark.parametrize("arguments", [{}, {"start": 0.005, "stop": 0.001}])
def test_an_instance_serves_several_fits(arguments):
    callback = NewBob(**arguments)
    values = [0.5, 0.4, 0.3, 0.35, 0.2]
    first = drive(callback, values)
    reductions = callback.reductions
    assert drive(callback, values) == first
    assert callback.reductions == reductions


def test_an_epoch_of_the_last_fit_is_not_compared_with():
    callback = NewBob()
    drive(callback, [0.9])
    assert drive(callback, [0.1, 0.2]) == [1, 1]


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factor": 0}, "`factor` must be between 0 and 1.* Received: factor=0"),
        ({"factor": 1}, "Received: factor=1"),
        ({"factor": float("nan")}, "Received: factor=nan"),
        ({"start": -0.1}, "`start` must be .*at least 0 or None. Received: start=-0.1"),
        ({"start": 0.1, "stop": -1}, "`stop` must be .* Received: stop=-1"),
        ({"stop": 0.1}, "`stop` needs `start`.* Received: stop=0.1"),
        ({"start": float("nan")}, "Received: start=nan"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        NewBob(**arguments)


def test_unknown_monitor_names_what_is_logged():
    callback = NewBob("val_f1")
    drive(callback, [])
    with pytest.raises(ValueError, match=r"\['loss', 'val_loss'\]. Received: monitor='val_f1'"):
        callback.on_epoch_end(0, {"val_loss": 1.0, "loss": 1.0})
    with pytest.raises(ValueError, match=r"\[\]"):
        callback.on_epoch_end(0, None)


def test_learning_rate_schedule_is_refused():
    callback = NewBob()
    optimizer = keras.optimizers.Adam(InverseSquareRootDecay(0.1, 10))
    callback.set_model(SimpleNamespace(optimizer=optimizer, stop_training=False))
    with pytest.raises(ValueError, match=r"constant one. Received: a Adam with a LearningRateSch"):
        callback.on_train_begin()


def test_arguments_are_attributes_of_the_same_name():
    arguments = {"monitor": "loss", "factor": 0.3, "start": 0.2, "stop": 0.1, "verbose": 1}
    callback = NewBob(**arguments)
    assert {name: getattr(callback, name) for name in arguments} == arguments


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (1, 1)])
def test_prints_only_if_verbose(verbose, lines, capsys):
    drive(NewBob(verbose=verbose), [0.5, 0.4])
    printed = capsys.readouterr().out
    assert printed.count("Epoch 2: learning rate set to 0.5.") == lines
    assert bool(printed) == bool(lines)


# A real fit


def test_real_fit_follows_its_own_history():
    keras.utils.set_random_seed(5)
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(60, 4)), generator.integers(0, 3, 60)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(3)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1.0), loss, metrics=["accuracy"])
    rates = []
    record = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: rates.append(float(model.optimizer.learning_rate))
    )
    # Labels without a rule: the validation accuracy wanders.
    history = model.fit(
        x[:40],
        y[:40],
        epochs=10,
        validation_data=(x[40:], y[40:]),
        verbose=0,
        callbacks=[record, NewBob()],
    ).history
    errors = [1 - accuracy for accuracy in history["val_accuracy"]]
    assert rates == expected_rates(errors, 0.5, None, None)
    assert rates[-1] < 1
    assert "learning_rate" not in history
