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
# # Do PCA and whitening do to the covariance of data what the lectures say?
#
# Five correlated features are rotated onto their principal components and scaled. "The inverse of the
# variance", as one lecture has it, does not give the unit matrix; its square root does. A nuisance of
# large scale takes the first component unless features are scaled before. On data that the whitening
# was not learned from it is only approximate.
#
# References:
#
# - Bishop (2006), Pattern Recognition and Machine Learning, section 12.1.
# - Kessy, Lewin and Strimmer (2018), Optimal Whitening and Decorrelation, arXiv:1512.00809.

# %% [markdown]
# ## Predict first
#
# What varies is **transformation**: `rotated`, `inverse deviation`, `inverse variance`, `pca`, `pca of scaled features`, `held out`, `held out - whitened`. The baseline is ``. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - Rotating data onto their principal components removes the correlations: the covariance becomes diagonal. (PRE05)
# - Whitening rotates and rescales the data so that features are uncorrelated and of equal scale. (PRE06)
# - The covariance matrix equals E D E' with orthogonal E, and its leading eigenvectors are the directions of most variance. (PRE07)

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
    "covariance",
    variants=["rotated", "inverse deviation"],
    seeds=3,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - PRE05: **supported**. Rotating data onto their principal components removes the correlations: the covariance becomes diagonal.
# - PRE06: **supported**. Whitening rotates and rescales the data so that features are uncorrelated and of equal scale.
# - PRE07: **supported**. The covariance matrix equals E D E' with orthogonal E, and its leading eigenvectors are the directions of most variance.
# - PRE08: **refuted**. Whitening scales each principal component by the inverse of its variance.
# - PRE08 what it gives: **supported**. Scaled by the inverse variance, components have the inverse of D as covariance.
# - PRE15: **supported**. Before reducing dimensions with PCA it often helps to scale every feature to the same variance.
# - PRE23: **supported**. Whitening helps to make data spherical or diagonal, though only approximately.
#
# Repeat it: `python -m zoo run covariance`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time.
#
# 1. More seeds: which intervals get shorter, and by how much? `zoo.run("covariance", seeds=32).table`
# 2. All variants: which surprised you? `zoo.run("covariance", seeds=3).table`
# 3. One seed: which numbers need no interval at all? `zoo.run("covariance", seeds=1).table`
