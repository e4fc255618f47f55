import os
from pathlib import Path

import numpy as np
import pytest

from zoo import data

FOLDER = Path(os.environ.get("ZOO_DATA") or "no folder")

SETS = {"mnist": (28, 28, 1), "cifar10": (32, 32, 3)}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all((FOLDER / f"{name}.npz").is_file() for name in SETS),
        reason="ZOO_DATA names no folder with mnist.npz and cifar10.npz",
    ),
]


@pytest.mark.parametrize("name", SETS)
def test_real_images(name):
    with np.load(FOLDER / f"{name}.npz") as archive:  # somebody may keep a part of a data set only
        examples, test_examples = len(archive["y_train"]), len(archive["y_test"])
    loaded = data.load(name, data_dir=FOLDER)
    assert (loaded.name, loaded.input_shape) == (name, SETS[name])
    assert (loaded.num_classes, loaded.class_names) == (10, tuple("0123456789"))
    held_out = round(data.HELD_OUT_SHARE * examples)
    sizes = len(loaded.x_train), len(loaded.x_validation), len(loaded.x_test)
    assert sizes == (examples - held_out, held_out, test_examples)
    for part in ("train", "validation", "test"):
        x, y = getattr(loaded, f"x_{part}"), getattr(loaded, f"y_{part}")
        assert (x.dtype, y.dtype, y.shape) == (np.float32, np.int32, (len(x),))
        assert sorted(set(y.tolist())) == list(range(10))
        # Grey values from 0 to 255 share one line a channel: (0 - mean) / std, (255 - mean) / std.
        low, high = x.min(axis=(0, 1, 2)), x.max(axis=(0, 1, 2))
        assert (low < 0).all()
        assert (high > 0).all()
        np.testing.assert_allclose(low, loaded.x_train.min(axis=(0, 1, 2)), atol=1e-6)
        np.testing.assert_allclose(high, loaded.x_train.max(axis=(0, 1, 2)), atol=1e-6)
    axes = (0, 1, 2)
    np.testing.assert_allclose(loaded.x_train.mean(axis=axes, dtype=np.float64), 0, atol=1e-5)
    np.testing.assert_allclose(loaded.x_train.std(axis=axes, dtype=np.float64), 1, atol=1e-5)


def test_small_part_of_real_images_keeps_its_classes():
    loaded = data.load("mnist", data_dir=FOLDER, train_examples=200)
    counts = np.bincount(loaded.y_train, minlength=10)
    whole = np.bincount(data.load("mnist", data_dir=FOLDER).y_train, minlength=10)
    assert counts.sum() == 200
    assert (np.abs(counts - 200 * whole / whole.sum()) < 1).all()
