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
# # Which loss should stand behind which output of a classifier?
#
# The lectures want a logarithm behind sigmoid and softmax, give each class a sigmoid, and name two
# mistakes: an activation on the logits, and a softmax applied twice. Accuracies and epochs can be
# compared over all losses; values only over those that end in softmax and crossentropy. The sum over
# a batch of 128 is trained with rates 128 times smaller, which makes it the mean again.
#
# References:
#
# - Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.
# - Golik, Doetsch and Ney (2013), Cross-entropy vs. squared error training, Interspeech.
# - Hui and Belkin (2021), Evaluation of neural architectures trained with square loss, ICLR.

# %% [markdown]
# ## Predict first
#
# What varies is **loss**: `softmax + crossentropy`, `sigmoid + crossentropy`, `softmax + squares`, `sigmoid + squares`, `softmax twice`, `tanh before softmax`, `sigmoid before softmax`, `sum over the batch`. The baseline is `softmax + crossentropy`. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - With a sigmoid or softmax output the loss needs a logarithm to undo the exponential, or saturation leaves little gradient. (LOS09 softmax) Tested is: Half-way to the best training accuracy takes cross entropy behind softmax fewer epochs than squares.
# - A network for several classes can be trained with a sigmoid on each logit and the binary cross entropy. (LOS11) Tested is: With a sigmoid on each logit the test accuracy is within 2 points of softmax's.
# - A loss that stays too high can come from a nonlinear activation applied before the softmax. (CUR10 training) Tested is: The training loss ends higher with tanh or sigmoid in front of the softmax.

# %% [markdown]
# ## The network
#
# ```python
# def build_model(input_shape, num_classes, depth=3, units=100):
#     """Builds a ReLU MLP."""
#     stack = [keras.Input(input_shape), layers.Flatten()]
#     for _ in range(depth):
#         stack.append(layers.Dense(units, "relu", kernel_initializer="he_normal"))
#     return keras.Sequential([*stack, layers.Dense(num_classes)])
# ```

# %% [markdown]
# ## A small run
#
# The baseline and 2 other variants, 6 seeds each: as few networks as can decide anything. A verdict needs an interval that leaves out the margin and an exact test, so a small run often ends undecided. That is an answer, too: it says how many seeds would decide.

# %%
import zoo

found = zoo.run(
    "output_loss",
    variants=["softmax + squares", "sigmoid + squares"],
    seeds=6,
    learning_rates=[0.1, 1.0],
    epochs=10,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - CUR10 training: **supported**. A loss that stays too high can come from a nonlinear activation applied before the softmax.
# - CUR11 training: **supported**. A strange loss curve can mean that the wrong loss is optimised; make sure softmax and loss fit together.
# - LOS09 sigmoid: **undecided**. With a sigmoid or softmax output the loss needs a logarithm to undo the exponential, or saturation leaves little gradient. Tested: Half-way to the best training accuracy takes cross entropy behind sigmoids fewer epochs than squares.
# - LOS09 softmax: **undecided**. With a sigmoid or softmax output the loss needs a logarithm to undo the exponential, or saturation leaves little gradient. Tested: Half-way to the best training accuracy takes cross entropy behind softmax fewer epochs than squares.
# - LOS11: **undecided**. A network for several classes can be trained with a sigmoid on each logit and the binary cross entropy.
#
# Repeat it: `python -m zoo run output_loss`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time. These run at full size, for minutes: `variants=[...]` makes them shorter.
#
# 1. Double `depth`. Does the order of the variants stay? `zoo.run("output_loss", set={"depth": 6}).table`
# 2. Other data: does the same hold on `digits`? `zoo.run("output_loss", data="digits").table`
# 3. A tenth of the epochs: who is ahead early? `zoo.run("output_loss", epochs=4).table`
