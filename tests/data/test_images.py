"""Images, signals and arrays as people have them: names, shapes, channels, folders."""

import numpy as np
import pytest
from PIL import Image

from zoo import data
from zoo.data.keys import role_of
from zoo.data.shapes import channels_last, in_words, place_of_one
from zoo.data.told import lines_of
from zoo.errors import ZooError

Y = np.arange(12) % 3
BYTES = np.arange(12 * 8 * 6, dtype=np.uint8).reshape(12, 8, 6)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("x", ("x", "")),
        ("X_train", ("x", "train")),
        ("trainX", ("x", "train")),
        ("ytest", ("y", "test")),
        ("test_images", ("x", "test")),
        ("labels", ("y", "")),
        ("val-labels", ("y", "validation")),
        ("weights", None),
        ("x_train_2", None),
    ],
)
def test_names_say_what_arrays_are(name, role):
    assert role_of(name) == role


@pytest.mark.parametrize(
    ("given", "dtype", "shape", "words"),
    [
        ((4, 8, 6), np.uint8, (8, 6, 1), "images of 8 x 6 pixels with 1 channel"),
        ((4, 9, 9), np.float64, (9, 9, 1), "images of 9 x 9 pixels with 1 channel"),
        ((4, 50, 2), np.float64, (50, 2), "signals of 50 steps with 2 channels"),
        ((4, 3, 8, 6), np.float64, (8, 6, 3), "images of 8 x 6 pixels with 3 channels"),
        ((4, 8, 6, 3), np.uint8, (8, 6, 3), "images of 8 x 6 pixels with 3 channels"),
        ((4, 5), np.float64, (5,), "vectors of 5 numbers"),
    ],
)
def test_channels_come_last(given, dtype, shape, words):
    found = channels_last(np.zeros(given, dtype))
    assert found.shape == (4, *shape)
    assert in_words(shape) == words


def test_channels_move_with_their_pixels():
    x = np.arange(2 * 3 * 8 * 6).reshape(2, 3, 8, 6)
    np.testing.assert_array_equal(channels_last(x)[1, 4, 5], x[1, :, 4, 5])


def test_square_arrays_are_what_the_user_says(tmp_path):
    path = tmp_path / "square.npz"
    np.savez(path, x=np.random.default_rng(0).normal(size=(30, 9, 9)), y=np.arange(30) % 3)

    def inputs(said):
        found = data.load(str(path), table=said and data.TableOptions(inputs=said))
        return lines_of(found)[0]

    assert "images of 9 x 9 pixels with 1 channel; taken for grey images" in inputs(None)
    assert "--inputs signals" in inputs(None)
    assert inputs("images").endswith("images of 9 x 9 pixels with 1 channel")
    assert inputs("signals").endswith("signals of 9 steps with 9 channels")
    assert data.TableOptions(inputs="signals").words() == {"inputs": "signals"}
    with pytest.raises(ZooError, match="must be images or signals"):
        inputs("sounds")
    with pytest.raises(ZooError, match="digits is known: --inputs is for arrays of yours"):
        data.load("digits", table=data.TableOptions(inputs="images"))


@pytest.mark.parametrize("kind", [np.int64, np.float32, bool])
def test_one_hot_labels_are_places(kind):
    assert place_of_one(np.eye(3, dtype=kind)[Y]).tolist() == Y.tolist()


def test_labels_of_another_kind_stay():
    several = np.ones((4, 2))
    assert place_of_one(several) is several
    assert place_of_one(Y[:, None]).shape == (12, 1)


@pytest.mark.parametrize(
    "names",
    [
        ("x", "y"),
        ("images", "labels"),
        ("train_images", "train_labels", "val_images", "val_labels", "test_images", "test_labels"),
        ("X_train", "Y_train", "X_test", "Y_test"),
    ],
)
def test_an_archive_and_single_files_hold_the_same(tmp_path, names):
    arrays = {name: Y if "abel" in name or name[0] in "yY" else BYTES for name in names}
    np.savez(tmp_path / "mine.npz", **arrays)
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    found = [
        data.load(str(path))
        for path in (tmp_path / "mine.npz", tmp_path / f"{names[0]}.npy", tmp_path)
    ]
    assert len({each.fingerprint for each in found}) == 1
    assert found[0].input_shape == (8, 6, 1)
    sizes = [len(found[0].y_train), len(found[0].y_validation), len(found[0].y_test)]
    # What validates goes to the training part, a fifth of which validates, at least one a class.
    assert sum(sizes) == 12 * (len(names) // 2)
    assert (sizes[-1] == 12) == (len(names) > 2)


def write_images(folder, sizes=((8, 6),), mode="L", classes=("cat", "dog"), each=4):
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for place in range(each):
            size = sizes[place % len(sizes)]
            image = Image.new(mode, size, 100 * number + place if mode == "L" else (9, 99, 199))
            image.save(folder / name / f"{place}.png")


def test_a_folder_of_images_has_a_class_for_each_folder(tmp_path):
    write_images(tmp_path / "pets")
    (tmp_path / "pets" / ".cache").mkdir()
    found = data.load(str(tmp_path / "pets"))
    assert (found.name, found.class_names) == ("pets", ("cat", "dog"))
    assert found.input_shape == (6, 8, 1)  # Pillow has the width first
    assert lines_of(found)[0] == "inputs    images of 6 x 8 pixels with 1 channel"
    dogs = found.x_train[found.y_train == 1]
    assert dogs.min() > found.x_train[found.y_train == 0].max()
    before = data.short_name(str(tmp_path / "pets"))
    assert before.startswith("pets-")
    write_images(tmp_path / "pets", each=5)
    assert data.short_name(str(tmp_path / "pets")) != before


def test_images_get_the_size_that_most_have(tmp_path):
    write_images(tmp_path / "pets", sizes=((8, 6), (8, 6), (4, 3)), mode="RGB", each=6)
    found = data.load(str(tmp_path / "pets"))
    assert found.input_shape == (6, 8, 3)
    assert lines_of(found)[0].endswith("3 channels; 4 of 12 images scaled to 6 x 8 pixels")
    write_images(tmp_path / "large", sizes=((256, 64),))
    assert data.load(str(tmp_path / "large")).input_shape == (32, 128, 1)


def test_folders_may_name_parts(tmp_path):
    for part in ("train", "valid", "test"):
        write_images(tmp_path / "pets" / part)
    found = data.load_draws(str(tmp_path / "pets"))
    assert found.keeps_test
    assert (len(found.y_train) + len(found.y_validation), len(found.y_test)) == (16, 8)


def test_what_is_wrong_in_a_folder_is_named(tmp_path):
    write_images(tmp_path / "pets")
    (tmp_path / "pets" / "bird").mkdir()
    with pytest.raises(ZooError, match=r"bird has no images.*remove the folder\.$"):
        data.load(str(tmp_path / "pets"))
    (tmp_path / "pets" / "mine.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ZooError, match=r"name a file in it, such as .*mine\.csv\.$"):
        data.load(str(tmp_path / "pets"))
    (tmp_path / "pets" / "bird" / "a.png").write_bytes(b"no image")
    with pytest.raises(ZooError, match=r"a.png is no image that can be read"):
        data.load(str(tmp_path / "pets"))
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ZooError, match="is a folder without data"):
        data.load(str(tmp_path / "nothing"))
    np.save(tmp_path / "nothing" / "mine.npy", Y)
    with pytest.raises(ZooError, match=r"one array has no labels. Call it x.npy"):
        data.load(str(tmp_path / "nothing" / "mine.npy"))
    with pytest.raises(ZooError, match=r"pets is no table"):
        data.load(str(tmp_path / "pets"), table=data.TableOptions(target="a"))
