"""Training without compiling, for references: tracing takes longer than so few steps."""

import contextlib
from unittest import mock

import keras

FEW_STEPS = 40


@contextlib.contextmanager
def uncompiled(steps=FEW_STEPS):
    """Has Keras train without XLA, and few steps without tracing them.

    It decides only what random numbers TensorFlow draws while it trains.

    Args:
        steps: How many are trained.
    """
    trainer = next(cls for cls in keras.Model.__mro__ if "compile" in vars(cls))
    compile_model = trainer.compile

    def eagerly(self, *arguments, **keywords):
        keywords |= {"jit_compile": False, "run_eagerly": steps <= FEW_STEPS}
        return compile_model(self, *arguments, **keywords)

    with mock.patch.object(trainer, "compile", eagerly):
        yield
