import pickle
from types import SimpleNamespace

import numpy as np

from zoo.advice.predictions import PLACE, Predictions


def test_what_another_process_keeps_is_read_here_once():
    probe = Predictions()
    sent = pickle.loads(pickle.dumps(probe))
    data = SimpleNamespace(x_test=np.arange(2500.0, dtype="float32")[:, None])
    places = [sent(lambda x, training: 2 * x, data), sent(lambda x, training: 3 * x, data)]
    for factor, place in zip((2, 3), places, strict=True):
        result = SimpleNamespace(final={PLACE: place})
        assert np.array_equal(probe.of(result), factor * data.x_test)
    assert not list(probe._folder.iterdir())
    del sent
    assert probe._folder.is_dir()
    folder = probe._folder
    del probe
    assert not folder.exists()
