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
# # How much too good is the accuracy of a model on the examples that it was chosen by?
#
# A hundred classifiers of ten overlapping normal clusters take the nearest mean, each of its own half
# of 400 training examples and of the features. The best of 1, 10 or 100 of them on 200 examples is
# chosen; optimism is its accuracy there, or on 200 others, less that on 50,000. Means over a hundred
# such sets. Beside it stands the expected maximum of as many independent binomials of the models'
# mean accuracy: models err on the same examples, so they gain less.
#
# References:
#
# - Cawley and Talbot (2010), On Over-fitting in Model Selection, JMLR 11.
# - Recht et al. (2019), Do ImageNet Classifiers Generalize to ImageNet?, arXiv:1902.10811.

# %% [markdown]
# ## Predict first
#
# What varies is **models**: `best of 1`, `best of 10`, `best of 100`, `best of 100 - other examples`. The baseline is ``. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - A separate test set must stay untouched until the end; only then does it judge the final model and compare it with others. (SPL06) Tested is: The more models are chosen from, the further is the best one's accuracy too high on the 200 examples that chose it; on 200 others it is right.
# - Progress is watched on a validation set, which must not be the test set. (SPL07) Tested is: Chosen and reported on the same 200 examples, the best of 100 models looks better by more than one point than on 200 others.

# %% [markdown]
# ## What is measured
#
# ```python
# def measure(variant, seed):
#     """Measures the optimism about the best of some models, chosen and reported on sets."""
#     number, apart = variant
#     right = rights(seed)
#     truth = right.mean(axis=1)
#     sets = right[:, : 2 * SETS * SIZE].reshape(MODELS, 2, SETS, SIZE).mean(axis=3)
#     chosen_by, reported = sets[:, 0], sets[:, int(apart)]  # (models, sets)
#     drawn = np.random.default_rng((seed, number))
#     gains = []
#     for nth in range(SETS):
#         candidates = drawn.permutation(MODELS)[:number]
#         best = candidates[np.argmax(chosen_by[candidates, nth])]
#         gains.append(reported[best, nth] - truth[best])
#     maxima = drawn.binomial(SIZE, truth.mean(), (10_000, number)).max(axis=1) / SIZE
#     return {
#         "mean_accuracy": truth.mean(),
#         "optimism": np.mean(gains),
#         "optimism_of_binomials": maxima.mean() - truth.mean(),
#     }
# ```

# %% [markdown]
# ## A small run
#
# The baseline and 2 other variants, 3 seeds each: what is exact needs one, the rest an interval.

# %%
import zoo

found = zoo.run(
    "test_reuse",
    variants=["best of 1", "best of 10"],
    seeds=3,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - SPL06: **supported**. A separate test set must stay untouched until the end; only then does it judge the final model and compare it with others.
# - SPL07: **supported**. Progress is watched on a validation set, which must not be the test set.
#
# Repeat it: `python -m zoo run test_reuse`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time.
#
# 1. More seeds: which intervals get shorter, and by how much? `zoo.run("test_reuse", seeds=32).table`
# 2. All variants: which surprised you? `zoo.run("test_reuse", seeds=3).table`
# 3. One seed: which numbers need no interval at all? `zoo.run("test_reuse", seeds=1).table`
