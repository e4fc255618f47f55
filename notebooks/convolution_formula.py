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
# # Do convolutions compute, count and shape what the lectures say?
#
# A layer is compared with dot products that NumPy takes window by window, and sizes with the formula
# floor((inputs + 2 padding - kernel) / stride) + 1. VGG-16, called the winner of 2014, is built from
# its description; it was second in classification then, behind GoogLeNet, and first in localisation.
#
# References:
#
# - Dumoulin and Visin (2016), A guide to convolution arithmetic, arXiv:1603.07285.
# - Simonyan and Zisserman (2014), Very Deep Convolutional Networks, arXiv:1409.1556.

# %% [markdown]
# ## Predict first
#
# What varies is **layer**: `3 x 3 stride 1`, `3 x 3 stride 2`, `six 5 x 5`, `sizes`, `vgg-16`. The baseline is ``. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - A convolutional layer slides one kernel over the input and computes dot products. (CNN04)
# - Sliding a 3 x 3 kernel over a 7 x 7 input gives a smaller output whose size depends on the stride. (CNN07)
# - Six 5 x 5 filters produce six activation maps that together form a 28 x 28 x 6 image. (CNN08)

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
    "convolution_formula",
    variants=["3 x 3 stride 1", "3 x 3 stride 2"],
    seeds=3,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - CNN04: **supported**. A convolutional layer slides one kernel over the input and computes dot products.
# - CNN07: **supported**. Sliding a 3 x 3 kernel over a 7 x 7 input gives a smaller output whose size depends on the stride.
# - CNN08: **supported**. Six 5 x 5 filters produce six activation maps that together form a 28 x 28 x 6 image.
# - CNN09: **supported**. The output size of a convolution follows from input size, kernel size, stride and padding.
# - CNN13 size: **supported**. VGG-16 is a typical convolutional network and won ILSVRC 2014.
#
# Repeat it: `python -m zoo run convolution_formula`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time.
#
# 1. More seeds: which intervals get shorter, and by how much? `zoo.run("convolution_formula", seeds=32).table`
# 2. All variants: which surprised you? `zoo.run("convolution_formula", seeds=3).table`
# 3. One seed: which numbers need no interval at all? `zoo.run("convolution_formula", seeds=1).table`
