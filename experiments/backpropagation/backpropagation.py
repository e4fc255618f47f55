"""Do gates that each apply their own chain rule give the gradients that Keras gives?

A graph of gates in NumPy is compared with Keras and with centred differences. The code of a
lecture's sigmoid unit starts from [0, -3, -3]; only [2, -3, -3], as drawn, gives its numbers.

References:
    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.
    Goodfellow, Bengio and Courville (2016), Deep Learning, sections 6.5 and 11.5.
"""

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Difference, equal, zero
from zoo.experiment import Measurement
from zoo.measure import gradients, numerical_gradient


class Node:
    """A value in a graph of gates and the gradient that came back; `inputs` have a rule each."""

    def __init__(self, value, *inputs):
        self.value, self.inputs = np.asarray(value, float), inputs
        self.gradient = np.zeros_like(self.value)

    def backward(self):
        """Passes gradients back in reverse topological order; where a signal forks they add."""
        order = []

        def visit(node):
            if node not in order:
                for source, _ in node.inputs:
                    visit(source)
                order.append(node)

        visit(self)
        self.gradient = np.ones_like(self.value)
        for node in reversed(order):
            for source, rule in node.inputs:
                source.gradient = source.gradient + rule(node.gradient)


def gate(function, *rules):
    """Returns a gate; each input has a rule that takes a gradient g back through it."""

    def apply(*inputs):
        values = [node.value for node in inputs]
        passed = [lambda g, rule=rule: rule(g, *values) for rule in rules]
        return Node(function(*values), *zip(inputs, passed, strict=True))

    return apply


add = gate(lambda a, b: a + b, lambda g, a, b: g, lambda g, a, b: g)
multiply = gate(lambda a, b: a * b, lambda g, a, b: g * b, lambda g, a, b: g * a)
matmul = gate(lambda a, b: a @ b, lambda g, a, b: g @ b.T, lambda g, a, b: a.T @ g)
exponential = gate(np.exp, lambda g, a: g * np.exp(a))
reciprocal = gate(lambda a: 1 / a, lambda g, a: -g / a**2)
relu = gate(lambda a: np.maximum(a, 0), lambda g, a: g * (a > 0))
tanh = gate(np.tanh, lambda g, a: g * (1 - np.tanh(a) ** 2))
wrong_tanh = gate(np.tanh, lambda g, a: g * (1 - np.tanh(a)))
X = [-1.0, -2.0]


def unit(*weights):
    """Returns what the gates of 1 / (1 + exp(-(w0 x0 + w1 x1 + w2))) pass on and back."""

    def check(seed):
        w, x = [Node(value) for value in weights], [Node(value) for value in X]
        total = add(add(multiply(w[0], x[0]), multiply(w[1], x[1])), w[2])
        power = exponential(multiply(total, Node(-1)))
        output = reciprocal(add(power, Node(1)))
        output.backward()
        slopes = {("dw", place): node.gradient for place, node in enumerate(w)}
        slopes |= {("dx", place): node.gradient for place, node in enumerate(x)}
        return {"sum": total.value, "power": power.value, "output": output.value, **slopes}

    return check


def keras_unit(seed):
    """Returns the same of Keras; for the inputs' gradients, weights and inputs change places."""
    found: dict[tuple[str, int], float] = {}
    for name, kernel, inputs in (("dx", X, [2.0, -3.0]), ("dw", [2.0, -3.0], X)):
        model = keras.Sequential([keras.Input((2,)), layers.Dense(1), layers.Activation("sigmoid")])
        model.set_weights([np.array([kernel]).T, np.array([-3.0])])
        x = np.array([inputs], "float32")
        slope, bias = gradients(model, lambda _, output: output[:, 0], x, x)
        found |= {(name, place): value for place, value in enumerate(slope[:, 0])}
    total = model.layers[0](x)[0, 0]
    return {"sum": total, "output": model(x)[0, 0], **found, ("dw", 2): bias[0]}


def network(gate, activation, kink=False):
    """Returns a check of a network of two layers against Keras and against centred differences."""

    def check(seed):
        drawn = np.random.default_rng(seed)
        x, first, last = (drawn.normal(size=size) for size in ((6, 4), (4, 5), (5, 1)))
        first[:, 0] *= not kink  # the inputs of this unit are exactly 0

        def forward(kernel):
            logits = matmul(gate(matmul(Node(x), kernel)), Node(last))
            return matmul(Node(np.ones((1, 6)) / 6), multiply(logits, logits))

        kernel = Node(first)
        forward(kernel).backward()
        numerical = numerical_gradient(lambda w: forward(Node(w)).value[0, 0], first)
        model = keras.Sequential(
            [keras.Input((4,)), layers.Dense(5, activation, False), layers.Dense(1, use_bias=False)]
        )
        model.set_weights([first, last])
        found, _ = gradients(model, lambda _, output: ops.mean(output**2), x, x)
        errors = [np.linalg.norm(kernel.gradient - other) for other in (numerical, found)]
        relative, to_keras = np.array(errors) / np.linalg.norm(numerical)
        return {"relative_error": relative, "difference_to_keras": to_keras}

    return check


RIGHT = ("as drawn", "Keras")
DIGITS = 0.005  # the lecture prints two
SLOPES = {"dw@0": -0.2, "dw@1": -0.39, "dw@2": 0.2, "dx@0": 0.39, "dx@1": -0.59}
OUTPUT = {"sum": 1.0, "output": 0.73}
PASSES = zero("relative_error", of=("tanh", "relu"), tolerance=1e-6)

EXPERIMENT = Measurement(
    factor="graph",
    variants={
        "as drawn": unit(2, -3, -3),
        "as typed": unit(0, -3, -3),
        "Keras": keras_unit,
        "tanh": network(tanh, "tanh"),
        "relu": network(relu, "relu"),
        "relu at its kink": network(relu, "relu", kink=True),
        "tanh with a bug": network(wrong_tanh, "tanh"),
    },
    claims=[
        Claim("BPR01", equal(OUTPUT, RIGHT, DIGITS) + equal({"power": 0.37}, "as drawn", DIGITS)),
        Claim("BPR02", equal(SLOPES, RIGHT, DIGITS)),
        Claim("BPR03", equal({**OUTPUT, "dx@0": 0.39}, "as typed", DIGITS)),
        Claim("BPR06", zero("difference_to_keras", of=("tanh", "relu"))),
        Claim(
            "BPR07",
            (*PASSES, Difference("tanh with a bug", "tanh", "relative_error", 0.01)),
            "Right gradients equal centred differences; a wrong slope of tanh shows by over 1 %.",
        ),
    ],
)
