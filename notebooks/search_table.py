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
# # What do the slides' two search tables themselves say about learning rate and penalty?
#
# Nothing is trained: these are the printed numbers, 11 points of the coarse search and 22 of the fine
# one, with the rank correlation between the accuracy and what was searched.
#
# References:
#
# - Spearman (1904), The Proof and Measurement of Association between Two Things.

# %% [markdown]
# ## Predict first
#
# What varies is **table**: `coarse`, `fine`. The baseline is ``. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - The coarse search draws 100 pairs, regularisation from 10^U(-5, 5) and learning rate from 10^U(-3, -6), for 5 epochs each. (HPO03)
# - The best points of both search tables lie at the upper end of their rates. (HPO08 edge)
# - In the search tables accuracy depends on the learning rate, not on the regularisation strength between 1e-4 and 1. (HPO14)

# %% [markdown]
# ## What is measured
#
# ```python
# def correlations(claim, seed):
#     """Returns what the table that a claim is about says."""
#     accuracy = printed_values(claim, "val_accuracy")
#     rate, penalty = (np.log(printed_values(claim, name)) for name in ("learning_rate", "penalty"))
#     return {
#         "correlation_with_learning_rate": rank_correlation(accuracy, rate),
#         "correlation_with_penalty": rank_correlation(accuracy, penalty),
#         "mean_accuracy": np.mean(accuracy),
#         "share_in_stated_range": np.mean([in_range(rate, *RATES), in_range(penalty, *PENALTIES)]),
#         # 0 at the lower end of the learning rates, 1 at the upper.
#         "place_of_best_rate": (rate[np.argmax(accuracy)] - rate.min()) / np.ptp(rate),
#     }
# ```

# %% [markdown]
# ## A small run
#
# The baseline and 2 other variants, 3 seeds each: what is exact needs one, the rest an interval.

# %%
import zoo

found = zoo.run(
    "search_table",
    variants=["coarse", "fine"],
    seeds=3,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - HPO03: **supported**. The coarse search draws 100 pairs, regularisation from 10^U(-5, 5) and learning rate from 10^U(-3, -6), for 5 epochs each.
# - HPO08 edge: **supported**. The best points of both search tables lie at the upper end of their rates.
# - HPO14: **supported**. In the search tables accuracy depends on the learning rate, not on the regularisation strength between 1e-4 and 1.
#
# Repeat it: `python -m zoo run search_table`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time.
#
# 1. More seeds: which intervals get shorter, and by how much? `zoo.run("search_table", seeds=32).table`
# 2. All variants: which surprised you? `zoo.run("search_table", seeds=3).table`
# 3. One seed: which numbers need no interval at all? `zoo.run("search_table", seeds=1).table`
