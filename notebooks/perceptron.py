# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does the perceptron's rule stop making mistakes?
#
# Weights move by alpha times error times input, one example after the other. On data that a line
# parts with a margin the number of mistakes is bounded by (R / margin)^2, R the length of the longest
# input with a 1 for the bias; on data that no line parts the weights never settle.
#
# References:
#
# - Rosenblatt (1958), The perceptron, Psychological Review 65.
# - Novikoff (1962), On convergence proofs for perceptrons.

# %% [markdown]
# ## Predict first
#
# What varies is **labels**: `parted by a line`, `exclusive or`. The baseline is ``. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - The perceptron outputs 1 if w x + b > 0 and 0 otherwise, and moves its weights by alpha times error times input. (BPR09) Tested is: The rule ends its mistakes within Novikoff's bound where a line parts the classes, and goes on making them where none does.

# %% [markdown]
# ## What is measured
#
# ```python
# def measure(labels, seed):
#     """Trains a perceptron on 100 points of the plane for 300 epochs and counts its mistakes."""
#     x = np.random.default_rng(seed).uniform(-1, 1, (400, 2))
#     x = x[abs(x @ [0.6, 0.8] - 0.2) > 0.1][:100]
#     y = labels(x)
#     inputs = np.hstack([x, np.ones((100, 1))])  # the last weight is the bias
#     weights, mistakes = np.zeros(3), np.zeros(EPOCHS)
#     for epoch in range(EPOCHS):
#         for example, wanted in zip(inputs, y, strict=True):
#             output = float(weights @ example > 0)
#             weights += ALPHA * (wanted - output) * example
#             mistakes[epoch] += wanted != output
#     # The parting line, scaled to weights of length 1, bias included.
#     parting = np.array([0.6, 0.8, -0.2]) / np.sqrt(1.04)
#     bound = (inputs**2).sum(1).max() / abs(inputs @ parting).min() ** 2
#     return {
#         "mistakes": mistakes.sum(),
#         "mistakes_beyond_the_bound": max(0.0, mistakes.sum() - bound),
#         "mistakes_in_the_last_epoch": mistakes[-1],
#     }
# ```

# %% [markdown]
# ## A small run
#
# The baseline and 2 other variants, 3 seeds each: what is exact needs one, the rest an interval.

# %%
import zoo

found = zoo.run(
    "perceptron",
    variants=["parted by a line", "exclusive or"],
    seeds=3,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - BPR09: **supported**. The perceptron outputs 1 if w x + b > 0 and 0 otherwise, and moves its weights by alpha times error times input.
#
# Repeat it: `python -m zoo run perceptron`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time.
#
# 1. More seeds: which intervals get shorter, and by how much? `zoo.run("perceptron", seeds=32).table`
# 2. All variants: which surprised you? `zoo.run("perceptron", seeds=3).table`
# 3. One seed: which numbers need no interval at all? `zoo.run("perceptron", seeds=1).table`
