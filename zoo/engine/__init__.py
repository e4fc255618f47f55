"""Trains runs: `population` many at once, `fit` one at a time."""
