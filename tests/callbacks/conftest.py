import keras
import pytest


@pytest.fixture(autouse=True)
def without_xla(monkeypatch):
    """Has models compiled without XLA unless a test asks for it.

    XLA takes longer to compile a network of these sizes than all of its training. The engine asks
    for it, so that every callback's comparison of both engines runs with it.
    """
    trainer = next(cls for cls in keras.Model.__mro__ if "compile" in vars(cls))
    compile_model = trainer.compile

    def plainly(self, *arguments, jit_compile=False, **keywords):
        return compile_model(self, *arguments, jit_compile=jit_compile, **keywords)

    monkeypatch.setattr(trainer, "compile", plainly)
