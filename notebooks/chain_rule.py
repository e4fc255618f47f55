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
# # Does Keras pass gradients back by the rules that the lectures write?
#
# Nested functions, forks, a gate that multiplies, a linear unit with squared error, and the gradient
# that one lecture leaves as a question: behind softmax and cross entropy it is p - y.
#
# References:
#
# - Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.
# - Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.5.

# %% [markdown]
# ## Predict first
#
# What varies is **graph**: `nested functions`, `fork`, `multiply gate`, `linear unit`, `softmax and cross entropy`. The baseline is ``. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - The derivative of nested functions is the product of the derivatives of each function in the chain. (GRD12)
# - Where a signal forks, the forward pass copies it and the backward pass adds the gradients. (BPR04)
# - A multiply gate stores x and y in the forward pass and returns y dz and x dz in the backward pass. (BPR05)

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
    "chain_rule",
    variants=["nested functions", "fork"],
    seeds=3,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - BPR04: **supported**. Where a signal forks, the forward pass copies it and the backward pass adds the gradients.
# - BPR05: **supported**. A multiply gate stores x and y in the forward pass and returns y dz and x dz in the backward pass.
# - BPR08: **supported**. For linear units with squared error the delta rule is gradient descent: the weight change is delta times the input.
# - BPR12: **supported**. How backpropagation goes through the cross-entropy loss is left as a question.
# - GRD12: **supported**. The derivative of nested functions is the product of the derivatives of each function in the chain.
#
# Repeat it: `python -m zoo run chain_rule`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time.
#
# 1. More seeds: which intervals get shorter, and by how much? `zoo.run("chain_rule", seeds=32).table`
# 2. All variants: which surprised you? `zoo.run("chain_rule", seeds=3).table`
# 3. One seed: which numbers need no interval at all? `zoo.run("chain_rule", seeds=1).table`
