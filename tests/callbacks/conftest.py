import keras
import pytest


@pytest.fixture(autouse=True)
def without_xla(monkeypatch):
    """Has models compiled without XLA unless a test asks for it.

    XLA takes longer to compile a network of these sizes than all of its training. The engine asks
    for it, so that every callback's comparison of both engines runs with it.
    """
    compile_model = keras.Model.compile

    def plainly(self, *arguments, jit_compile=False, **keywords):
        return compile_model(self, *arguments, jit_compile=jit_compile, **keywords)

    monkeypatch.setattr(keras.Model, "compile", plainly)
