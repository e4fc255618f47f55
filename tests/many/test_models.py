"""`zoo.fit_many` with models that have layers, steps, losses or metrics of their own."""

import keras
import numpy as np
import pytest
from test_many import LOGITS, build_model, tensorflow_only, trained
from uncompiled import uncompiled


class Inner(keras.Model):
    """Leaves it to Keras to tell its layers of training."""

    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(8, "relu")
        self.norm = keras.layers.BatchNormalization()
        self.drop = keras.layers.Dropout(0.5)
        self.last = keras.layers.Dense(3)


class Told(Inner):
    def call(self, inputs, training=False):
        return self.last(self.drop(self.norm(self.hidden(inputs))))


class Untold(Inner):
    def call(self, inputs):
        return self.last(self.drop(self.norm(self.hidden(inputs))))


@pytest.mark.slow
def test_layers_of_a_model_train_as_in_fit_whoever_tells_them():
    losses = []
    for build in (Told, Untold):
        one, other = (trained(build=build, engine=engine) for engine in ("population", "fit"))
        assert one.engine.startswith("population")
        np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-5)
        np.testing.assert_allclose(one.history["val_loss"], other.history["val_loss"], rtol=1e-5)
        losses.append(one.history["loss"])
    if keras.backend.backend() == "tensorflow":
        assert losses[0] != losses[1]  # Keras does not tell a model whose call does not ask


class OwnStep(keras.Model):
    """Learns by a step of its own, which tells its loss only."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3)

    def call(self, inputs):
        return self.dense(inputs)

    def train_step(self, *given):
        return {"loss": 7.0}


class OwnLoss(Told):
    def compute_loss(self, *given, **named):
        return 2 * super().compute_loss(*given, **named)


@tensorflow_only  # on JAX a step has other arguments
def test_a_step_of_ones_own_trains_alone():
    with uncompiled():
        result = trained(build=OwnStep)
    assert result.engine == "fit (OwnStep has a train_step of its own)"
    assert result.history["loss"] == [7.0, 7.0]
    assert np.isnan(result.history["accuracy"]).all()
    assert np.isfinite(result.final["val_accuracy"])


def test_a_loss_that_a_model_computes_counts():
    with uncompiled():
        result = trained(build=OwnLoss)
    assert result.engine == "fit (OwnLoss has a compute_loss of its own)"
    assert np.isfinite(result.final["val_loss"])


class Sureness(keras.metrics.Mean):
    """A metric that somebody has written."""

    def update_state(self, labels, outputs, sample_weight=None):
        super().update_state(keras.ops.max(keras.ops.softmax(outputs), axis=-1))


def test_metrics_that_a_model_is_compiled_with_are_told():
    def build():
        model = build_model()
        top = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2")
        model.compile("sgd", LOGITS, metrics=["accuracy", Sureness(name="sure"), top])
        return model

    with uncompiled():
        result, plain = trained(build=build), trained(engine="fit")
    assert result.engine == "fit (it is compiled with a metric besides accuracy, sure)"
    for name in ("sure", "val_sure", "top2", "val_top2"):
        assert len(result.history[name]) == 2
    assert result.final["val_top2"] == pytest.approx(result.history["val_top2"][-1])
    assert 1 / 3 < result.final["test_sure"] < 1
    assert result.history["val_accuracy"] == plain.history["val_accuracy"]


def test_weights_of_losses_count():
    def build():
        model = build_model()
        model.compile("sgd", LOGITS, loss_weights=3.0)
        return model

    with uncompiled():
        result, plain = trained(build=build, epochs=1), trained(engine="fit", epochs=1)
    assert result.engine == "fit (it is compiled with loss_weights)"
    assert result.history["loss"][0] > 2 * plain.history["loss"][0]
