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
# # How much do the initial weights decide, and which initializer trains a deep ReLU network?
#
# The lectures say that equal units never part, that 0.01 times a Gaussian works for small networks
# only, that Xavier breaks with ReLU and that He repairs it. Biases start at zero in all variants but
# one, so "random weights and zero biases" is what every random variant is. Of equal weights 0.01, one
# over the units, keep the size of the signal, so that the network trains as if it had one unit a
# layer; equal incoming weights alone do not keep units equal. Orthogonal and LSUV weights stand in
# the table, too.
#
# References:
#
# - Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
# - He et al. (2015), Delving Deep into Rectifiers, arXiv:1502.01852.
# - Saxe et al. (2014), Exact solutions to the nonlinear dynamics of learning, arXiv:1312.6120.
# - Mishkin and Matas (2016), All you need is a good init, arXiv:1511.06422.

# %% [markdown]
# ## Predict first
#
# What varies is **initializer**: `zeros`, `constant 0.01`, `identical columns`, `zero weights + random bias`, `normal 0.01`, `normal 0.05`, `normal 0.1`, `normal 1.0`, `lecun`, `glorot`, `he`, `orthogonal`, `lsuv`. The baseline is `he`. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - All-zero starting weights are put up as a puzzle about what such a network would learn. (INI01) Tested is: With all weights 0 the training loss stays at that of a guess among ten classes.
# - Weights must start at random values to break the symmetry between the units. (INI23) Tested is: With all weights equal the test accuracy ends over 10 points below He's.
# - Two hidden units with equal inputs and equal activation need different starting weights, so that each learns its own function. (INI24) Tested is: Units that start with equal weights, in and out, stay equal in training.

# %% [markdown]
# ## The network
#
# ```python
# def build_model(input_shape, num_classes, initializer, depth=5, units=100):
#     """Builds a ReLU MLP; `initializer` is for the kernels, or a pair for kernels and biases."""
#     kernel, bias = initializer if isinstance(initializer, tuple) else (initializer, "zeros")
#     stack = [keras.Input(input_shape), layers.Flatten()]
#     for width in [units] * depth + [num_classes]:
#         make_bias = bias() if callable(bias) else bias
#         stack.append(layers.Dense(width, kernel_initializer=kernel(), bias_initializer=make_bias))
#         stack.append(layers.ReLU())
#     return keras.Sequential(stack[:-1])
# ```

# %% [markdown]
# ## A small run
#
# The baseline and 2 other variants, 6 seeds each: as few networks as can decide anything. A verdict needs an interval that leaves out the margin and an exact test, so a small run often ends undecided. That is an answer, too: it says how many seeds would decide.

# %%
import zoo

found = zoo.run(
    "initializer",
    variants=["zeros", "constant 0.01"],
    seeds=6,
    learning_rates=[0.03, 0.1],
    epochs=10,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - INI01: **supported**. All-zero starting weights are put up as a puzzle about what such a network would learn.
# - INI23: **supported**. Weights must start at random values to break the symmetry between the units.
# - INI24: **supported**. Two hidden units with equal inputs and equal activation need different starting weights, so that each learns its own function.
# - INI24 incoming weights only: **refuted**. Two units with equal inputs and activation need different weights of their own.
# - INI25: **supported**. As a rule biases start at constants and only the weights at random values.
# - INI33: **undecided**. Use Xavier initialisation.
#
# Repeat it: `python -m zoo run initializer`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time. These run at full size, for minutes: `variants=[...]` makes them shorter.
#
# 1. Double `depth`. Does the order of the variants stay? `zoo.run("initializer", set={"depth": 10}).table`
# 2. Other data: does the same hold on `digits`? `zoo.run("initializer", data="digits").table`
# 3. A tenth of the epochs: who is ahead early? `zoo.run("initializer", epochs=2).table`
