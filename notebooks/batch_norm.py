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
# # Does batch normalisation speed up training and generalise better, and where does it belong?
#
# The lectures put it after the dense layer and before the activation, and say that it makes training
# faster, more stable and less in need of dropout. One code sample also normalises the logits; what
# that does, and what networks without gamma or beta do, stands in the table.
#
# References:
#
# - Ioffe and Szegedy (2015), Batch Normalization, arXiv:1502.03167.
# - Santurkar et al. (2018), How Does Batch Normalization Help Optimization?, arXiv:1805.11604.

# %% [markdown]
# ## Predict first
#
# What varies is **batch norm**: `none`, `before activation`, `after activation`, `before and on logits`, `before - no scale`, `before - no center`, `before - neither`. The baseline is `none`. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - Batch normalisation makes training more stable and convergence faster. (BN08) Tested is: Half-way to the best training accuracy takes fewer epochs with normalisation.
# - Batch normalisation belongs before the activation. (BN10 better before) Tested is: Normalisation before the activation gives a higher test accuracy than behind it.
# - Use batch normalisation. (BN27) Tested is: The test accuracy is higher with normalisation than without.

# %% [markdown]
# ## The network
#
# ```python
# def build_model(input_shape, num_classes, batch_norm, depth=3, units=100):
#     """Builds a ReLU MLP; `batch_norm` names the places and the arguments of the normalisation."""
#     made = [keras.Input(input_shape), layers.Flatten()]
#     for _ in range(depth):
#         made += hidden(layers.Dense(units, kernel_initializer="he_normal"), batch_norm)
#     return keras.Sequential(made + logits(num_classes, batch_norm))
# ```

# %% [markdown]
# ## A small run
#
# The baseline and 2 other variants, 6 seeds each: as few networks as can decide anything. A verdict needs an interval that leaves out the margin and an exact test, so a small run often ends undecided. That is an answer, too: it says how many seeds would decide.

# %%
import zoo

found = zoo.run(
    "batch_norm",
    variants=["before activation", "after activation"],
    seeds=6,
    learning_rates=[0.1, 0.3],
    epochs=10,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - BN08: **supported**. Batch normalisation makes training more stable and convergence faster.
# - BN10 better before: **undecided**. Batch normalisation belongs before the activation.
# - BN27: **undecided**. Use batch normalisation.
#
# Repeat it: `python -m zoo run batch_norm`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time. These run at full size, for minutes: `variants=[...]` makes them shorter.
#
# 1. Double `depth`. Does the order of the variants stay? `zoo.run("batch_norm", set={"depth": 6}).table`
# 2. Other data: does the same hold on `digits`? `zoo.run("batch_norm", data="digits").table`
# 3. A tenth of the epochs: who is ahead early? `zoo.run("batch_norm", epochs=3).table`
