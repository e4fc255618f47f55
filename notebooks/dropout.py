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
# # Does dropout generalise better, at which rate, and where must it not be applied?
#
# The lectures drop each neuron with probability p, exclude the output neurons, and in one code sample
# drop half of the inputs as well; one slide drops connections instead of neurons. Trained on few
# examples, where there is something to regularise.
#
# References:
#
# - Srivastava et al. (2014), Dropout: A Simple Way to Prevent Overfitting, JMLR 15.
# - Wan et al. (2013), Regularization of Neural Networks using DropConnect, ICML.

# %% [markdown]
# ## Predict first
#
# What varies is **dropout**: `none`, `hidden 0.2`, `hidden 0.5`, `hidden 0.8`, `inputs 0.2`, `inputs 0.5 + hidden 0.5`, `logits 0.5`, `hidden 0.5 + logits 0.5`, `connections 0.5`. The baseline is `none`. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - Dropout spares the output neurons. (DRO03) Tested is: Dropping hidden units only is more accurate than dropping logits as well.
# - Dropout forces redundancy: no neuron is indispensable, and the network withstands any corruption of its input. (DRO06 units) Tested is: With 10, 25 and 50 % of the hidden units cut, dropout is more accurate than none.
# - Dropout is a form of model averaging, like an ensemble of experts. (DRO07 trained) Tested is: One pass is as accurate as the average of 20 networks with random masks.

# %% [markdown]
# ## The network
#
# ```python
# def build_model(input_shape, num_classes, dropout, depth=2, units=200):
#     """Builds a ReLU MLP; `dropout` gives the rate by place."""
#     rate = {"inputs": 0.0, "hidden": 0.0, "logits": 0.0, "connections": 0.0, **dropout}
#     stack = [keras.Input(input_shape), layers.Flatten()]
#     stack.append(layers.Dropout(rate["inputs"]))
#     for _ in range(depth):
#         stack.append(DropConnect(units, rate["connections"], kernel_initializer="he_normal"))
#         stack.append(layers.ReLU())
#         stack.append(layers.Dropout(rate["hidden"]))
#     stack.append(layers.Dense(num_classes))
#     stack.append(layers.Dropout(rate["logits"]))
#     return keras.Sequential(stack)
# ```

# %% [markdown]
# ## A small run
#
# The baseline and 2 other variants, 6 seeds each: as few networks as can decide anything. A verdict needs an interval that leaves out the margin and an exact test, so a small run often ends undecided. That is an answer, too: it says how many seeds would decide.

# %%
import zoo

found = zoo.run(
    "dropout",
    variants=["hidden 0.5", "hidden 0.5 + logits 0.5"],
    seeds=6,
    learning_rates=[0.03, 0.1],
    epochs=10,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - DRO03: **undecided**. Dropout spares the output neurons.
# - DRO06 noise: **undecided**. Dropout forces redundancy: no neuron is indispensable, and the network withstands any corruption of its input. Tested: Under noise of a quarter to one deviation dropout is more accurate than none.
# - DRO06 units: **undecided**. Dropout forces redundancy: no neuron is indispensable, and the network withstands any corruption of its input. Tested: With 10, 25 and 50 % of the hidden units cut, dropout is more accurate than none.
# - DRO07 trained: **undecided**. Dropout is a form of model averaging, like an ensemble of experts.
# - DRO08: **undecided**. On TIMIT phoneme recognition dropout lowers the test error. Tested: Dropout of half of the hidden units raises the test accuracy.
# - DRO08 late rise: **undecided**. On TIMIT phoneme recognition dropout lowers the test error. Tested: With dropout validation loss ends less far above its lowest value.
# - DRO09: **undecided**. Dropout reduces the overfitting of networks with more parameters than needed.
#
# Repeat it: `python -m zoo run dropout`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time. These run at full size, for minutes: `variants=[...]` makes them shorter.
#
# 1. Double `depth`. Does the order of the variants stay? `zoo.run("dropout", set={"depth": 4}).table`
# 2. Other data: does the same hold on `digits`? `zoo.run("dropout", data="digits").table`
# 3. A tenth of the epochs: who is ahead early? `zoo.run("dropout", epochs=10).table`
