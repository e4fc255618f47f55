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
# # Does the loss of a fresh classifier start where it should, with and without a penalty?
#
# The slides' network of 3072, 50 and 10 units, with weights of deviation 0.0001 and no biases, sees
# random pixels of the deviation that images have, with several numbers of classes and two L2
# penalties: the printed strength of 1000 times the squares, and half of that. With Glorot's weights
# an ordinary penalty is looked at. From probabilities Keras takes no loss beyond -ln 1e-7.
#
# References:
#
# - Stanford CS231n (2015), lecture 5.
# - Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.

# %% [markdown]
# ## Predict first
#
# What varies is **classes and penalty**: `2 classes`, `10 classes`, `100 classes`, `L2 500`, `L2 1000`, `glorot`, `glorot L2 0.01`, `certain and wrong`. The baseline is ``. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - A first test network for CIFAR-10 has 3072 inputs, 50 hidden units, 10 outputs, weights of sd 0.0001 and zero biases. (BAB01) Tested is: The network has 154,160 parameters, kernels of deviation 0.0001 and biases of 0.
# - Without regularisation the loss of a fresh 10-class network is 2.30261216167, about 2.3, as it should be. (BAB02) Tested is: The printed loss is that of a fresh network, within three deviations of one network.
# - The loss of a classifier with 10 classes should start at -log(1/10), about 2.3. (BAB03) Tested is: With 2, 10 and 100 classes the loss of small weights starts at the log of the number.

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
    "initial_loss",
    variants=["10 classes", "2 classes"],
    seeds=3,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - BAB01: **supported**. A first test network for CIFAR-10 has 3072 inputs, 50 hidden units, 10 outputs, weights of sd 0.0001 and zero biases.
# - BAB02: **supported**. Without regularisation the loss of a fresh 10-class network is 2.30261216167, about 2.3, as it should be.
# - BAB03: **supported**. The loss of a classifier with 10 classes should start at -log(1/10), about 2.3. Tested: With 2, 10 and 100 classes the loss of small weights starts at the log of the number.
# - BAB03 largest: **supported**. The loss of a classifier with 10 classes should start at -log(1/10), about 2.3. Tested: A prediction that is certain and wrong has a loss of -ln 1e-7, about 16.1.
# - BAB04: **supported**. A regularisation strength of 1e3 raises the initial loss to 3.06859716482, which is a good sign.
# - BAB05: **supported**. All regularisation has to be off when the initial loss is checked.
#
# Repeat it: `python -m zoo run initial_loss`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time.
#
# 1. More seeds: which intervals get shorter, and by how much? `zoo.run("initial_loss", seeds=32).table`
# 2. All variants: which surprised you? `zoo.run("initial_loss", seeds=3).table`
# 3. One seed: which numbers need no interval at all? `zoo.run("initial_loss", seeds=1).table`
