"""Does each mistake leave its own signature in the loss curve, by rules that are written down?

A ReLU network learns ten clusters, drawn anew by every seed, healthy and with each mistake. Metrics
named for findings of `LossCurveDiagnosis` are 1 where it makes them; `exploded` is diverging or not
finite, `still_falling` not converged or not learning, `accused` any. `repeats` is how the losses of
batches correlate by epoch.

References:
    Stanford CS231n (2015), lecture 6, and Karpathy (2015), lossfunctions.tumblr.com.
    Karpathy (2019), A Recipe for Training Neural Networks.
"""

from functools import partial

import keras
import numpy as np
from keras import layers, losses, ops

from callbacks import BatchSizeSchedule, LossCurveDiagnosis
from zoo.claims import Claim, Difference, Number, above, zero
from zoo.experiment import Measurement

INPUTS, CLASSES, BATCH, EXAMPLES, EPOCHS, VALIDATION, FRESH = 20, 10, 50, 1500, 12, 1000, 10_000
NAMED = ("not learning", "overfit", "periodic", "negative gradients", "validation set too small")
NAMES = {
    **{name.replace(" ", "_"): {name} for name in NAMED},
    "exploded": {"diverging", "not finite"},
    "still_falling": {"not converged", "not learning"},
}


def clusters(seed):
    """Draws examples, shape (examples, INPUTS), and their classes."""
    drawn = np.random.default_rng(seed)
    centres = drawn.normal(0, 0.5, (CLASSES, INPUTS))
    y = drawn.integers(CLASSES, size=EXAMPLES + VALIDATION + FRESH)
    return (centres[y] + drawn.normal(size=(len(y), INPUTS))).astype("float32"), y


def build_model(twice):
    """Builds a ReLU network; `twice` puts a softmax before the loss, which takes one itself."""
    stack = [layers.Dense(50, "relu", kernel_initializer="he_normal") for _ in range(2)]
    # A softmax that comes last Keras sees through, and takes its logits.
    ends = [layers.Softmax(), layers.Rescaling(1.0)] if twice else []
    return keras.Sequential([keras.Input((INPUTS,)), *stack, layers.Dense(CLASSES), *ends])


def finite(metrics):
    """Returns the metrics that are finite."""
    return {metric: value for metric, value in metrics.items() if np.isfinite(value)}


def train(seed, rate=0.1, examples=EXAMPLES, epochs=EPOCHS, validation=VALIDATION, mistake=""):
    """Trains, perhaps with a mistake, and measures what the diagnosis says of the curves."""
    x, y = clusters(seed)
    held, own = slice(EXAMPLES, EXAMPLES + validation), np.arange(examples)
    if mistake == SORTED:
        own = own[y[own].argsort(kind="stable")]
    labels = np.roll(y[own], 1) if mistake == SHIFTED else y[own]
    model = build_model(mistake == TWICE)
    start, loss = model.get_weights(), losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate), loss, metrics=["accuracy"])
    # Keras shuffles alike in every epoch once it has been given a seed.
    batches = BatchSizeSchedule(x[own], labels, {0: BATCH}, mistake != SORTED, seed)
    diagnosis = LossCurveDiagnosis(CLASSES, validation, batches=True)
    held_out = {"validation_data": (x[held], y[held]), "validation_batch_size": VALIDATION}
    told = [batches.callback, diagnosis]
    model.fit(batches, epochs=epochs, shuffle=False, callbacks=told, verbose=0, **held_out)
    found, end = diagnosis.history, model.get_weights()
    names = {finding.name for finding in diagnosis.findings}
    by_epoch = np.array(diagnosis.batch_losses).reshape(epochs, -1)[1:]
    right = ops.convert_to_numpy(model(x[-FRESH:])).argmax(axis=1) == y[-FRESH:]
    steady = by_epoch.shape[1] > 3 and np.isfinite(by_epoch).all()
    return finite(
        {
            "accused": bool(names),
            **{word: bool(names & told) for word, told in NAMES.items()},
            "moves": any((one != other).any() for one, other in zip(start, end, strict=True)),
            **{f"last_{name}": curve[-1] for name, curve in found.items()},
            "spread_of_20": right.reshape(-1, 20).mean(axis=1).std() / (right.var() / 20) ** 0.5,
            "repeats": np.diag(np.corrcoef(by_epoch), 1).mean() if steady else 0.0,
            **{(name, n): x for name in ("loss", "val_loss") for n, x in enumerate(found[name], 1)},
        }
    )


def says(label, finding):
    """Says that the diagnosis makes a finding for a mistake in over half more of the runs."""
    return Difference(label, HEALTHY, finding, 0.5)


HEALTHY, STILL, UPWARDS = "healthy", "rate 0", "wrong sign"
FEW, FEWER, SORTED, SMALL = "150 examples", "50 examples", "sorted by class", "20 to validate on"
SHIFTED, TWICE, LOW, HIGH = "shifted labels", "softmax twice", "rate 0.001", "rate 30"

EXPERIMENT = Measurement(
    factor="mistake",
    baseline=HEALTHY,
    places="epoch",
    trains=True,
    variants={
        HEALTHY: train,
        **{name: partial(train, mistake=name) for name in (SORTED, SHIFTED, TWICE)},
        STILL: partial(train, rate=0.0),
        UPWARDS: partial(train, rate=-0.0003),
        FEW: partial(train, examples=150, epochs=30, rate=0.5),
        FEWER: partial(train, examples=50, epochs=50, rate=0.5),
        SMALL: partial(train, validation=20),
        LOW: partial(train, rate=0.001),
        HIGH: partial(train, rate=30.0),
    },
    claims=[
        Claim(
            "CUR01",
            (says(STILL, "not_learning"), *zero("moves", of=STILL, tolerance=0.0)),
            "At a rate of 0 the loss is called one that does not learn, and no weight moves.",
        ),
        Claim("CUR02", says(FEW, "overfit"), "On 150 examples, not on 1,500, it is overfit."),
        Claim(
            "CUR03",
            (
                Difference(FEWER, HEALTHY, "last_val_loss", 1.0),
                Difference(HEALTHY, FEWER, "last_loss"),
            ),
            "On 50 examples validation loss ends over 1 above that on 1,500, training loss below.",
        ),
        Claim("CUR04", says(LOW, "still_falling"), "At 0.001 the loss is called still falling."),
        Claim("CUR06", says(UPWARDS, "negative_gradients"), "A wrong sign is called just that."),
        Claim("CUR07", Difference(SORTED, HEALTHY, "repeats", 0.3), "Sorted, losses repeat."),
        Claim("CUR07 finding", says(SORTED, "periodic"), "Sorted by class it is called periodic."),
        Claim(
            "CUR09",
            (says(SMALL, "validation_set_too_small"), Number(HEALTHY, "spread_of_20", 1.0, 0.2)),
            "Accuracies on 20 examples scatter as shares of 20 do; so few are called too few.",
        ),
        Claim(
            "CUR12",
            above((SHIFTED, SORTED, TWICE, UPWARDS, HIGH), HEALTHY, "accused", 0.5),
            "Wrong labels, sorted data, two softmaxes, a wrong sign and a high rate are accused.",
        ),
        Claim(
            "BAT04",
            Difference(HEALTHY, SORTED, "last_val_accuracy", 0.05),
            "Sorted by class, a network ends over 5 points less accurate than shuffled.",
        ),
        Claim("CUR17", says(HIGH, "exploded"), "At 30 the loss is called diverging or not finite."),
    ],
)
