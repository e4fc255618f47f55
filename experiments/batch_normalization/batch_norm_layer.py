"""What does batch normalisation add to a network, and what does it keep for inference?

A network is looked at with and without it, moving statistics are compared with the recursion.
"Momentum about 0.1" belongs to that formula with momentum and 1 - momentum exchanged: as written,
0.1 keeps (1 - 0.1) / (1 + 0.1) = 82 % of a batch mean's variance; 0.1 / 1.9 = 5 % was meant.

References:
    Ioffe and Szegedy (2015), Batch Normalization, arXiv:1502.03167.
"""

import keras
import numpy as np
from keras import initializers, layers, ops

from zoo.claims import Claim, Difference, Identity, equal
from zoo.experiment import Measurement, crossentropy
from zoo.measure import draw, furthest, gradients, numerical_gradient


def network(seed, use_bias=True, batch_norm=True):
    """Builds a network of 5 hidden units; what two have in common starts alike."""
    drawn = [initializers.RandomNormal(stddev=1.0, seed=seed + part) for part in range(3)]
    dense = layers.Dense(5, None, use_bias, drawn[0], drawn[1])
    between = [layers.BatchNormalization()] if batch_norm else []
    logits = layers.Dense(3, kernel_initializer=drawn[2])
    return keras.Sequential([keras.Input((4,)), dense, *between, layers.Activation("tanh"), logits])


def in_network(seed):
    """Compares networks with a random bias before the normalisation, without it, and plain."""
    x, y = draw(seed, 32, 4), np.random.default_rng(seed).integers(3, size=32)
    models = [network(seed), network(seed, use_bias=False), network(seed, batch_norm=False)]
    trained = [sum(np.prod(v.shape) for v in model.trainable_variables) for model in models]
    outputs = [model(x, training=True) for model in models[:2]]
    slopes = gradients(models[0], crossentropy(), x, y)
    first, bias, _, _, last, _ = map(ops.convert_to_numpy, models[0].trainable_variables)

    def loss(kernel):
        sums = x @ kernel + bias
        hidden = np.tanh((sums - sums.mean(0)) / np.sqrt(sums.var(0) + 1e-3))
        return np.mean(np.log(np.exp(hidden @ last).sum(1)) - (hidden @ last)[np.arange(32), y])

    curves = []
    for model in models[:2]:
        model.compile(keras.optimizers.SGD(0.1), crossentropy(), run_eagerly=True)
        curves.append([float(model.train_on_batch(x, y)) for _ in range(10)])
    return {
        "gradient_error": furthest(slopes[0], numerical_gradient(loss, first)),
        "bias_gradient": np.abs(slopes[1]).max(),
        "change": furthest(*outputs),
        "loss_change": furthest(*curves),
        "unlike_the_bias": sum(v.shape != bias.shape for v in models[0].layers[1].variables),
        "layers": len(models[0].layers) - len(models[2].layers),
        "per_unit": (models[0].count_params() - models[2].count_params()) / 5,
        "trained_per_unit": (trained[0] - trained[2]) / 5,
    }


def recursion(momentum):
    """Returns a comparison of moving statistics and inference with the formula."""

    def check(seed):
        layer, mean, variance = layers.BatchNormalization(momentum=momentum), 0.0, 1.0
        for batch in draw(seed, 20, 8, 6):
            layer(batch, training=True)
            mean = momentum * mean + (1 - momentum) * batch.mean(0)
            variance = momentum * variance + (1 - momentum) * batch.var(0)
        x = draw(seed + 1, 8, 6)
        outputs, others = layer(x), layer(np.concatenate([x[:1], 100 * x]))
        return {
            "mean_error": furthest(layer.moving_mean, mean),
            "variance_error": furthest(layer.moving_variance, variance),
            "inference_error": furthest(outputs, (x - mean) / np.sqrt(variance + layer.epsilon)),
            "change_with_others": furthest(outputs[:1], others[:1]),
            **weights(momentum),
        }

    return check


def weights(momentum):
    """Returns what batches weigh in a moving mean: the sum of squares is the noise that it keeps.

    Feature k is 1 in batch k alone, so its moving mean is the batch's weight. The last starts at 1.
    """
    batches = np.eye(501, dtype="float32")
    layer = layers.BatchNormalization(momentum=momentum)
    layer.build(batches.shape)
    layer.moving_mean.assign(batches[-1])
    found, steps = batches[-1], 0
    while found[-1] > 0.01:  # 459 batches at momentum 0.99
        layer(batches[[steps]], training=True)
        found, steps = ops.convert_to_numpy(layer.moving_mean).astype(float), steps + 1
    return {"noise": (found[:-1] ** 2).sum(), "steps_to_1_percent": steps}


def single_examples(training):
    """Returns how the logits of examples differ that are given to a network one by one."""

    def check(seed):
        model = network(seed)
        for batch in draw(seed, 100, 32, 4):
            model(batch, training=True)
        logits = [model(x[None], training=training) for x in draw(seed + 1, 20, 4)]
        return {"spread": ops.mean(ops.std(ops.stack(logits), axis=0))}

    return check


MOMENTA = {"momentum 0.1": 0.1, "momentum 0.9": 0.9, "momentum 0.99": 0.99}
# A start that is left out at 1 % of its weight changes the sum of squares by 0.01 %.
NOISE = {label: (1 - momentum) / (1 + momentum) for label, momentum in MOMENTA.items()}
STATED = [Identity("noise", noise, 2e-4, (label,)) for label, noise in NOISE.items()]
MEANT = Identity("noise", 0.1 / 1.9, 2e-4, ("momentum 0.1",))

EXPERIMENT = Measurement(
    factor="property",
    variants={
        "in a network": in_network,
        **{label: recursion(momentum) for label, momentum in MOMENTA.items()},
        "single - training": single_examples(True),
        "single - inference": single_examples(False),
    },
    claims=[
        Claim("BN05", equal({"bias_gradient": 0, "change": 0, "loss_change": 0})),
        Claim("BN06", equal({"unlike_the_bias": 0})),
        Claim("BN09", equal({"layers": 1, "per_unit": 4, "trained_per_unit": 2})),
        Claim("BN15", equal({"inference_error": 0, "change_with_others": 0})),
        Claim("BN16", (*equal({"mean_error": 0, "variance_error": 0}), *STATED, MEANT)),
        Claim(
            "BN18",
            (
                *equal({"spread": 0}, of="single - training"),
                Difference("single - inference", "single - training", "spread", 0.1),
            ),
            "In training mode all single examples have the same logits, in inference mode not.",
        ),
        Claim("BN24", equal({"gradient_error": 0})),
    ],
)
