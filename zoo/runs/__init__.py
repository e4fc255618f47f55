"""A run: one network to train, its key, its random numbers, and what came out."""
