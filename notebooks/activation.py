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
# # Which activation function trains best: do the rectifiers beat tanh, and sigmoid most of all?
#
# The lectures rank them "logistic < tanh < ReLU < leaky ReLU < ELU", say that ReLU converges six
# times faster than tanh, and that swish is the best of all. Every activation gets the initializer
# that was derived for it (Glorot for the symmetric ones, He for the rectifiers) and its own learning
# rate. Epochs are those to a training accuracy half-way from chance to the best; noise has a quarter
# to one deviation of the features. Maxout keeps the number of units, which doubles its parameters.
#
# References:
#
# - Krizhevsky et al. (2012), ImageNet Classification with Deep CNNs, NeurIPS.
# - Clevert et al. (2016), Exponential Linear Units, arXiv:1511.07289.
# - Xu et al. (2015), Empirical Evaluation of Rectified Activations, arXiv:1505.00853.
# - Ramachandran et al. (2017), Searching for Activation Functions, arXiv:1710.05941.

# %% [markdown]
# ## Predict first
#
# What varies is **activation**: `none`, `sigmoid`, `tanh`, `relu`, `leaky 0.01`, `leaky 0.1`, `prelu`, `rrelu`, `elu`, `maxout`, `swish 0`, `swish 1`, `swish 10`, `swish 100`, `swish learned`. The baseline is `relu`. Everything else stays the same. Write down what you expect of these sentences, supported or refuted, before you go on:
#
# - Networks with ReLU converge about six times faster in practice than those with sigmoid or tanh. (ACT07) Tested is: Half-way to the best training accuracy takes tanh 6 times the epochs of relu.
# - Leaky ReLU does not saturate, is cheap, and converges about six times faster in practice than sigmoid or tanh. (ACT14) Tested is: Half-way to the best training accuracy takes tanh 6 times the epochs of leaky 0.01.
# - ELU keeps every advantage of ReLU and its outputs have a mean nearer to zero. (ACT19) Tested is: The mean output of trained ELU layers is nearer to 0 than that of ReLU layers.

# %% [markdown]
# ## The network
#
# ```python
# def build_model(input_shape, num_classes, activation, depth=3, units=100):
#     """Builds an MLP; `activation` makes the layers of one hidden layer."""
#     hidden = [layer for _ in range(depth) for layer in activation(dense, units)]
#     return keras.Sequential(
#         [keras.Input(input_shape), layers.Flatten(), *hidden, layers.Dense(num_classes)]
#     )
# ```

# %% [markdown]
# ## A small run
#
# The baseline and 2 other variants, 6 seeds each: as few networks as can decide anything. A verdict needs an interval that leaves out the margin and an exact test, so a small run often ends undecided. That is an answer, too: it says how many seeds would decide.

# %%
import zoo

found = zoo.run(
    "activation",
    variants=["tanh", "leaky 0.01"],
    seeds=6,
    learning_rates=[0.1],
    epochs=10,
)

# %%
found

# %% [markdown]
# <details><summary>What came out at full size</summary>
#
# - ACT07: **refuted**. Networks with ReLU converge about six times faster in practice than those with sigmoid or tanh.
# - ACT14: **refuted**. Leaky ReLU does not saturate, is cheap, and converges about six times faster in practice than sigmoid or tanh. Tested: Half-way to the best training accuracy takes tanh 6 times the epochs of leaky 0.01.
# - ACT14 faster: **depends**. Leaky ReLU does not saturate, is cheap, and converges about six times faster in practice than sigmoid or tanh. Tested: Half-way to the best training accuracy takes leaky 0.01 fewer epochs than tanh.
# - ACT19: **undecided**. ELU keeps every advantage of ReLU and its outputs have a mean nearer to zero.
# - ACT20: **undecided**. The saturation of ELU for negative inputs makes it somewhat more robust to noise than leaky ReLU.
# - ACT28: **undecided**. The beta of swish can be learned; fixing it to 1 performs slightly worse.
# - ACT31: **undecided**. A search by reinforcement learning found swish to be the best activation for general use.
# - ACT35: **undecided**. Sorted from worst to best, the activations are logistic, tanh, ReLU, the leaky kinds of ReLU, and ELU.
# - ACT36 sigmoid: **undecided**. Choose ReLU with a careful learning rate, experiment with leaky ReLU, maxout and ELU, expect little of tanh and avoid the sigmoid. Tested: The test accuracy is higher with relu than with sigmoid.
# - ACT36 tanh: **undecided**. Choose ReLU with a careful learning rate, experiment with leaky ReLU, maxout and ELU, expect little of tanh and avoid the sigmoid. Tested: The test accuracy is higher with relu than with tanh.
# - ACT37: **depends**. ReLU and its variants are the most popular activations because they train fast and more stably.
# - ACT40: **undecided**. Leaky ReLU passes some gradient for negative inputs and improves results a little, depending on the task.
#
# Repeat it: `python -m zoo run activation`
#
# </details>

# %% [markdown]
# ## Exercises
#
# Predict before you run; change one thing at a time. These run at full size, for minutes: `variants=[...]` makes them shorter.
#
# 1. Double `depth`. Does the order of the variants stay? `zoo.run("activation", set={"depth": 6}).table`
# 2. Other data: does the same hold on `digits`? `zoo.run("activation", data="digits").table`
# 3. A tenth of the epochs: who is ahead early? `zoo.run("activation", epochs=3).table`
