"""A tiny experiment with claims, and numbers that settle them."""

from zoo.claims import Claim, Difference, Identity

SEEDS = 8
NOISE = [place / 64 for place in (-5, 3, 1, -1, 5, -3, 2, -2)]
CLAIMS = [
    Claim("X1", Difference("tanh", "relu"), says="tanh is better"),
    Claim("X2", Difference("relu", "tanh"), says="relu is better", source="a talk"),
    Claim("X3", Difference("tanh", "relu", "test_loss"), deviation="one | task"),
    Claim("X4", Difference("tanh", "relu", "initial_loss"), says="never measured"),
    Claim("ACT07", Identity("diverged")),
]
