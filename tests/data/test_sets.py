import random
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from zoo import data
from zoo.data import sets, sources, splits
from zoo.errors import ZooError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("ZOO_DATA", raising=False)
    return tmp_path / "cache" / "experiment-zoo"


def toy(per_class=20, classes=3, shape=(4,), seed=0):
    generator = np.random.default_rng(seed)
    y = generator.permutation(np.repeat(np.arange(classes), per_class))
    return generator.normal(5.0, 3.0, (len(y), *shape)), y


def save_parts(path, **changes):
    x, y = toy()
    x_test, y_test = toy(per_class=5, seed=1)
    parts = {"x_train": x, "y_train": y, "x_test": x_test, "y_test": y_test} | changes
    np.savez(path, **parts)
    return parts


def fake_generate(monkeypatch, arrays):
    calls = []

    def generate(name):
        calls.append(name)
        return arrays

    monkeypatch.setattr(sources, "_generate", generate)
    return calls


def fake_keras(monkeypatch, name, load_data):
    dataset = SimpleNamespace(**{name: SimpleNamespace(load_data=load_data)})
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(datasets=dataset))


# Splits


@pytest.mark.parametrize("share", [0.2, 0.5, 0.01, 0.99])
@pytest.mark.parametrize("counts", [(50, 50), (100, 7, 2), (3, 3, 3), (1, 10), (37, 0, 5)])
def test_split_is_disjoint_complete_and_sorted_and_leaves_no_class_out(counts, share):
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    rest, held_out = splits.stratified_split(labels, share, seed=0)
    assert sorted([*rest, *held_out]) == list(range(len(labels)))
    assert (np.diff(rest) > 0).all()
    assert (np.diff(held_out) > 0).all()
    for label, count in enumerate(counts):
        held = (labels[held_out] == label).sum()
        if count < 2:
            assert held == 0
        else:
            assert 1 <= held <= count - 1


@pytest.mark.parametrize("counts", [(500, 300, 200), (101, 99, 57), (13, 13, 13)])
def test_split_gives_each_class_its_share_and_the_exact_total(counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    _, held_out = splits.stratified_split(labels, 0.2, seed=0)
    assert len(held_out) == round(0.2 * sum(counts))
    assert (abs(np.bincount(labels[held_out]) - 0.2 * np.array(counts)) < 1).all()


def test_split_follows_the_seed():
    labels = np.repeat([0, 1], 50)
    first, again, other = (splits.stratified_split(labels, 0.2, seed)[1] for seed in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


# Normalisation


@pytest.mark.parametrize("shape", [(3,), (5, 2), (4, 4, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_statistics_equal_numpys_over_all_axes_but_the_last(shape, dtype):
    # More rows than one piece, and not a multiple of it.
    x = np.random.default_rng(0).integers(0, 256, (sets.CHUNK_ROWS + 7, *shape)).astype(dtype)
    mean, scale = sets.statistics(x)
    flat = x.reshape(-1, shape[-1]).astype(np.float64)
    np.testing.assert_allclose(mean, flat.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(scale, flat.std(axis=0), rtol=1e-9)


@pytest.mark.parametrize("constant", [0.1, -1e9 / 3, 0.0])
def test_constant_feature_becomes_zero(tmp_path, constant):
    x, y = toy()
    x[:, 1] = constant  # the computed deviation of 0.1 is 1e-17, not 0
    np.savez(tmp_path / "mine.npz", x=x, y=y)
    loaded = data.load(str(tmp_path / "mine.npz"))
    assert (loaded.x_train[:, 1] == 0).all()
    assert sets.statistics(x)[1][1] == 1


def test_large_offset_keeps_its_precision(tmp_path):
    x, y = toy()
    np.savez(tmp_path / "near.npz", x=x, y=y)
    np.savez(tmp_path / "far.npz", x=x + 1e9, y=y)  # float32 holds 1e9 only to 64
    near, far = (data.load(str(tmp_path / f"{name}.npz")) for name in ("near", "far"))
    np.testing.assert_allclose(near.x_train, far.x_train, atol=0.2)
    assert len(np.unique(far.x_train[:, 0])) == len(far.x_train)


def test_statistics_come_from_the_training_part_only(tmp_path):
    parts = save_parts(tmp_path / "a.npz")
    _, held_out = splits.stratified_split(parts["y_train"], 0.2, sets.SPLIT_SEED)
    x = parts["x_train"].copy()
    x[held_out] += 1000
    save_parts(tmp_path / "b.npz", x_train=x, x_test=parts["x_test"] * 50)
    a, b = (data.load(str(tmp_path / name)) for name in ("a.npz", "b.npz"))
    np.testing.assert_array_equal(a.x_train, b.x_train)
    np.testing.assert_allclose(a.x_train.mean(axis=0, dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(a.x_train.std(axis=0, dtype=np.float64), 1, atol=1e-6)
    assert b.x_validation.mean() > 100
    mean, scale = sets.statistics(np.delete(parts["x_train"], held_out, axis=0))
    np.testing.assert_allclose(a.x_test, (parts["x_test"] - mean) / scale, rtol=1e-4, atol=1e-6)


# Loading


def test_parts_have_the_promised_types_and_sizes(tmp_path):
    x, y = toy(per_class=100, shape=(6, 6, 2))
    np.savez(tmp_path / "mine.npz", x=x, y=y)
    loaded = data.load(str(tmp_path / "mine.npz"))
    assert (loaded.name, loaded.num_classes, loaded.input_shape) == ("mine", 3, (6, 6, 2))
    sizes = len(loaded.x_train), len(loaded.x_validation), len(loaded.x_test)
    assert sizes == (300 - 60 - 48, 48, 60)
    for field in fields(loaded):
        array = getattr(loaded, field.name)
        if field.name.startswith("x_"):
            assert array.dtype == np.float32
        if field.name.startswith("y_"):
            assert array.dtype == np.int32
            assert len(set(np.bincount(array))) == 1


def test_train_examples_shrinks_the_training_part_only(tmp_path):
    save_parts(tmp_path / "mine.npz")
    whole = data.load(str(tmp_path / "mine.npz"))
    part = data.load(str(tmp_path / "mine.npz"), train_examples=7)
    assert sorted(np.bincount(part.y_train)) == [2, 2, 3]
    np.testing.assert_allclose(part.x_train.mean(axis=0), 0, atol=1e-6)
    for name in ("validation", "test"):
        np.testing.assert_array_equal(getattr(part, f"y_{name}"), getattr(whole, f"y_{name}"))
        # Same examples under another scale and offset: perfectly correlated.
        pair = getattr(part, f"x_{name}")[:, 0], getattr(whole, f"x_{name}")[:, 0]
        assert np.corrcoef(*pair)[0, 1] > 1 - 1e-6


@pytest.mark.parametrize("number", [0, 2, 49])
def test_train_examples_out_of_range(tmp_path, number):
    save_parts(tmp_path / "mine.npz")  # 60 examples of 3 classes, less 12 for validation
    with pytest.raises(ZooError, match=rf"3 \(its classes\) to 48 .*train_examples={number}"):
        data.load(str(tmp_path / "mine.npz"), train_examples=number)
    assert len(data.load(str(tmp_path / "mine.npz"), train_examples=48).x_train) == 48


@pytest.mark.parametrize("index", range(6))
def test_fingerprint_follows_every_array(index):
    arrays = [np.arange(6.0).reshape(2, 3) for _ in range(6)]
    before = data.fingerprint_of(*arrays)
    assert before == data.fingerprint_of(*arrays)
    assert len(before) == 16
    int(before, 16)
    arrays[index][1, 2] += 1e-9
    changed = data.fingerprint_of(*arrays)
    arrays[index][1, 2] = 5.0
    arrays[index] = arrays[index].reshape(3, 2)
    assert len({before, changed, data.fingerprint_of(*arrays)}) == 3


def test_fingerprint_changes_with_one_value_of_the_file(tmp_path):
    parts = save_parts(tmp_path / "a.npz")
    same = data.load(str(tmp_path / "a.npz")).fingerprint
    assert data.load(str(tmp_path / "a.npz")).fingerprint == same
    parts["x_test"][0, 0] += 0.5
    save_parts(tmp_path / "b.npz", x_test=parts["x_test"])
    assert data.load(str(tmp_path / "b.npz")).fingerprint != same


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnist2d", "Unknown data set 'mnist2d'. Did you mean mnist1d.*npz file, a table"),
        ("xyz", "Choose from: mnist1d, digits"),
        ("table.xlsx", "table.xlsx does not exist"),
        ("table.doc", "Unknown data set 'table.doc'"),
        ("none.npz", "none.npz does not exist"),
        ("none.csv:label", "none.csv does not exist"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(ZooError, match=message):
        data.load(name)


# Folder


def test_folder_goes_before_the_source_and_the_argument_before_the_variable(tmp_path, monkeypatch):
    calls = fake_generate(monkeypatch, toy(per_class=50, shape=(9,)))
    for folder, width in (("argument", 2), ("variable", 5)):
        (tmp_path / folder).mkdir()
        x, x_test = np.eye(60, width), np.eye(15, width)
        save_parts(tmp_path / folder / "mnist1d.npz", x_train=x, x_test=x_test)
    assert data.load("mnist1d").input_shape == (9,)
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "variable"))
    assert data.load("mnist1d").input_shape == (5,)
    assert data.load("mnist1d", data_dir=tmp_path / "argument").input_shape == (2,)
    assert data.available(tmp_path / "argument")["mnist1d"].startswith("folder file")
    assert calls == ["mnist1d"]
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))  # has no mnist1d.npz
    assert data.load("mnist1d").input_shape == (9,)


def test_folder_file_needs_the_four_keys(tmp_path):
    x, y = toy()
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y)
    with pytest.raises(ZooError, match="missing: x_test, y_test"):
        data.load("mnist", data_dir=tmp_path)


def test_folder_must_exist(tmp_path, monkeypatch):
    with pytest.raises(ZooError, match="--data-dir must name a folder"):
        data.load("digits", data_dir=tmp_path / "nowhere")
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(ZooError, match="ZOO_DATA must name a folder"):
        data.available()


# Sources


@pytest.mark.slow
def test_mnist1d_leaves_the_global_generators_alone():
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    loaded = data.load("mnist1d")
    assert random.getstate() == before[0]
    for now, then in zip(np.random.get_state(), before[1], strict=True):  # noqa: NPY002
        np.testing.assert_array_equal(now, then)
    assert loaded.x_train.shape == (4000 - 800, 40)
    assert len(loaded.x_validation) == 800
    assert len(loaded.x_test) == 1000
    again = data.load("mnist1d")  # from the cache
    assert again.fingerprint == loaded.fingerprint


@pytest.mark.slow
@pytest.mark.parametrize(("name", "total", "side"), [("digits", 1797, 8), ("mnist5k", 5000, 28)])
def test_images_from_packages(name, total, side):
    loaded = data.load(name)
    assert loaded.input_shape == (side, side, 1)
    assert len(loaded.x_test) == round(0.2 * total)
    assert len(loaded.x_train) + len(loaded.x_validation) + len(loaded.x_test) == total
    assert loaded.class_names == tuple("0123456789")


@pytest.mark.parametrize(("name", "shape"), [("mnist", (6, 6)), ("cifar10", (6, 6, 3))])
def test_keras_images_get_channels_and_flat_labels(monkeypatch, name, shape):
    x, y = toy(shape=shape)
    labels = y if name == "mnist" else y[:, np.newaxis]
    fake_keras(monkeypatch, name, lambda: ((x, labels), (x[:9], labels[:9])))
    loaded = data.load(name)
    assert loaded.input_shape == (*shape, 1)[:3]
    assert loaded.y_test.tolist() == y[:9].tolist()


def test_failed_download_says_where_to_put_the_file(monkeypatch):
    def load_data():
        raise Exception("URL fetch failure on mnist.npz: None -- unreachable\nand more")

    fake_keras(monkeypatch, "mnist", load_data)
    with pytest.raises(ZooError) as caught:
        data.load("mnist")
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Could not download mnist: URL fetch failure")
    for word in ("mnist.npz", "x_train, y_train, x_test, y_test", "--data-dir", "ZOO_DATA"):
        assert word in lines[1]


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(data.PACKAGES, "digits", "no-such-package")
    with pytest.raises(ZooError, match="pip install no-such-package"):
        data.load("digits")
    assert data.available()["digits"] == "missing: pip install no-such-package"


# Cache


def test_second_load_reads_the_cache(monkeypatch, cache):
    calls = fake_generate(monkeypatch, toy())
    assert data.available()["digits"].startswith("generated by scikit-learn")
    first = data.load("digits")
    second = data.load("digits")
    assert calls == ["digits"]
    assert first.fingerprint == second.fingerprint
    assert data.available()["digits"].startswith("cache ")
    assert len(list(cache.iterdir())) == 2  # the archive and its checksum, nothing temporary


@pytest.mark.parametrize("ending", [".npz", ".sha256"])
@pytest.mark.parametrize("damage", ["cut", "flip", "delete"])
def test_damaged_cache_is_made_again(monkeypatch, cache, ending, damage):
    calls = fake_generate(monkeypatch, toy())
    first = data.load("digits")
    path = next(path for path in cache.iterdir() if path.suffix == ending)
    content = path.read_bytes()
    if damage == "delete":
        path.unlink()
    else:
        path.write_bytes(content[:20] if damage == "cut" else content[:-1] + b"\xff")
    assert data.load("digits").fingerprint == first.fingerprint
    assert data.load("digits").fingerprint == first.fingerprint
    assert calls == ["digits", "digits"]


def test_unwritable_cache_does_no_harm(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    calls = fake_generate(monkeypatch, toy())
    assert data.load("digits").fingerprint == data.load("digits").fingerprint
    assert calls == ["digits", "digits"]


def test_cache_hit_imports_no_source_package(monkeypatch):
    fake_generate(monkeypatch, toy())
    for name in data.PACKAGES:
        data.load(name)
    program = (
        "import sys; from zoo import data; [data.load(name) for name in data.PACKAGES];"
        "heavy = {'keras', 'tensorflow', 'pandas', 'sklearn', 'mlxtend', 'mnist1d'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    root = Path(data.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "[]"


def test_available_knows_every_name(tmp_path):
    places = data.available()
    assert tuple(places) == data.NAMES
    assert places["cifar10"] == "keras download, not downloaded"
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    (tmp_path / "keras" / "datasets" / "mnist.npz").touch()
    assert data.available()["mnist"].startswith("cache ")


def test_the_part_that_preprocessing_learns_from_is_the_training_part_itself():
    """Some treat it otherwise than the others, and know it by its identity."""
    seen = []

    def learn(x_train):
        return lambda x: seen.append(x is x_train) or x

    data.load("digits", preprocessing=learn, train_examples=100)
    assert seen == [True, False, False]


@pytest.mark.parametrize(
    ("apply", "said"),
    [
        (lambda x: x / 0.0, "Preprocessing of the training part of digits gives .* the first at"),
        (lambda x: x * 1e300, "beyond float32"),
        (lambda x: x[1:], r"as many examples as it is given, 1150 .* shape \(1149, 8, 8, 1\)"),
        (lambda x: 3.0, r"an array of shape \(\)"),
    ],
)
def test_what_preprocessing_returns_is_checked(apply, said):
    with np.errstate(all="ignore"), pytest.raises(ZooError, match=said):
        data.load("digits", preprocessing=lambda x_train: apply)
