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
# # Do signals and gradients in deep chains follow the products that the lectures write down?
#
# A linear network is compared with the product of its matrices, equal layers of 1.5 or 0.9 with
# powers, and a chain of four sigmoid neurons with products of weights and slopes. There the gradient
# of the first bias is "a factor of 16 (or more) smaller" than the third's, as slopes are at most 1/4:
# true of weights up to 1, not of those above 4. Last, a layer is given the slope 0, or 0.01.
#
# References:
#
# - Nielsen (2015), Neural Networks and Deep Learning, Determination Press, chapter 5.
# - Pascanu et al. (2013), On the difficulty of training recurrent neural networks, arXiv:1211.5063.

# %% [markdown]
# ## Predict first
#
# What varies is **chain**: `linear network`, `layers of 1.5`, `layers of 0.9`, `chain - weights up to 1`, `chain - weights above 4`, `dead layer`, `layer of slope 0.01`. The baseline is ``. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - With identity activations a deep network computes the product of all its weight matrices times the input. (GRD01)
# - Weights slightly above 1, such as 1.5, make the signal of a deep linear network explode like 1.5^(L-1). (GRD02)
# - Weights slightly below 1, such as 0.9, make the signal of a deep linear network vanish like 0.9^(L-1). (GRD03)

# %% [markdown]
# ## What is measured
#
# ```python
# def call_with_seed(value: Callable[[int], Mapping[Any, float]], seed: int) -> Mapping[Any, float]:
#     """Measures a variant whose value is itself a function of the seed."""
#     return value(seed)
# ```

# %% [markdown]
# ## A small run
#
# The baseline and 2 other variants, 3 seeds each: what is exact needs one, the rest an interval.

# %%
import zoo

found = zoo.run(
    "gradient_flow_formula",
    variants=["layers of 1.5", "layers of 0.9"],
    seeds=3,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - ACT49: **supported**. If the derivatives of any layer in between are too small or zero, no gradient reaches the layers below.
# - GRD01: **supported**. With identity activations a deep network computes the product of all its weight matrices times the input.
# - GRD02: **supported**. Weights slightly above 1, such as 1.5, make the signal of a deep linear network explode like 1.5^(L-1).
# - GRD03: **supported**. Weights slightly below 1, such as 0.9, make the signal of a deep linear network vanish like 0.9^(L-1).
# - GRD04: **supported**. In a chain of four sigmoid neurons the gradient of the first bias is the product of the weights and sigmoid slopes above it.
# - GRD05: **supported**. In a chain of four sigmoid neurons the gradient of the third bias is s'(z3) w4 s'(z4) times dC/da4.
# - GRD06: **supported**. If two weight-times-slope factors are each below 1/4, the first bias has a gradient at least 16 times smaller than the third.
#
# Repeat it: `python -m zoo run gradient_flow_formula`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time.
#
# 1. More seeds: which intervals get shorter, and by how much? `zoo.run("gradient_flow_formula", seeds=32).table`
# 2. All variants: which surprised you? `zoo.run("gradient_flow_formula", seeds=3).table`
# 3. One seed: which numbers need no interval at all? `zoo.run("gradient_flow_formula", seeds=1).table`
