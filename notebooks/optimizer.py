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
# # Which optimizer gets furthest in the same number of epochs, each at its own best learning rate?
#
# The lectures say: start with Adam, also try RMSProp and SGD with Nesterov momentum; Nesterov is
# faster than plain momentum. The learning rate stays constant. What they do untuned is in
# `optimizer_default`, in the long run in `optimizer_long_run`.
#
# References:
#
# - Sutskever et al. (2013), On the importance of initialization and momentum, ICML.
# - Duchi et al. (2011), Adaptive Subgradient Methods, JMLR 12.
# - Kingma and Ba (2015), Adam, arXiv:1412.6980.
# - Wilson et al. (2017), The Marginal Value of Adaptive Gradient Methods, arXiv:1705.08292.

# %% [markdown]
# ## Predict first
#
# What varies is **optimizer**: `sgd`, `momentum`, `nesterov`, `adagrad`, `rmsprop`, `rmsprop + momentum`, `adam`. The baseline is `sgd`. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - Gradient descent sticks in small local minima and slows at saddles; momentum keeps its speed and direction and gets away. (OPT07 network) Tested is: SGD with momentum trains faster than SGD, each at its fastest rate.
# - Nesterov momentum is faster than plain momentum. (OPT10) Tested is: Nesterov momentum trains faster than plain momentum, each at its fastest rate.
# - Adam is the optimiser to begin with; RMSProp and Nesterov SGD are worth a trial if time remains. (OPT20 tuned) Tested is: Each at its best rate, Adam is more accurate than SGD with Nesterov momentum.

# %% [markdown]
# ## The network
#
# ```python
# def build_model(input_shape, num_classes, depth=3, units=100):
#     """Builds a ReLU MLP."""
#     stack = [keras.Input(input_shape), layers.Flatten()]
#     for _ in range(depth):
#         stack.append(layers.Dense(units, kernel_initializer="he_normal"))
#         stack.append(layers.ReLU())
#     return keras.Sequential([*stack, layers.Dense(num_classes)])
# ```

# %% [markdown]
# ## A small run
#
# The baseline and 2 other variants, 6 seeds each: as few networks as can decide anything. A verdict needs an interval that leaves out the margin and an exact test, so a small run often ends undecided. That is an answer, too: it says how many seeds would decide.

# %%
import zoo

found = zoo.run(
    "optimizer",
    variants=["momentum", "nesterov"],
    seeds=6,
    learning_rates=[0.1, 1.0],
    epochs=10,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - OPT07 network: **undecided**. Gradient descent sticks in small local minima and slows at saddles; momentum keeps its speed and direction and gets away.
# - OPT10: **supported**. Nesterov momentum is faster than plain momentum.
# - OPT20 tuned: **undecided**. Adam is the optimiser to begin with; RMSProp and Nesterov SGD are worth a trial if time remains.
# - OPT23: **supported**. Better optimisers train faster than plain gradient descent, which is slow for large networks.
#
# Repeat it: `python -m zoo run optimizer`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time. These run at full size, for minutes: `variants=[...]` makes them shorter.
#
# 1. Double `depth`. Does the order of the variants stay? `zoo.run("optimizer", set={"depth": 6}).table`
# 2. Other data: does the same hold on `digits`? `zoo.run("optimizer", data="digits").table`
# 3. A tenth of the epochs: who is ahead early? `zoo.run("optimizer", epochs=4).table`
