"""Files that were damaged on the way: each loads, or is refused in words that name it."""

import io
import zipfile

import numpy as np
import pytest

from zoo import data
from zoo.errors import ZooError

DAMAGES = 250  # of each kind of file
ROWS = 30


def archive(generator):
    """Returns an archive of any layout, perhaps with keys, types or shapes that are wrong."""
    y = np.arange(ROWS) % 3
    arrays = {"x": generator.normal(size=(ROWS, 4)), "y": y}
    if generator.random() < 0.5:
        arrays = {"x_train": arrays["x"], "y_train": y, "x_test": arrays["x"][:6], "y_test": y[:6]}
    name = generator.choice(list(arrays))
    chance = generator.random()
    if chance < 0.1:
        del arrays[name]
    elif chance < 0.3:
        dtype = generator.choice(["f2", "f4", "i1", "u8", "c8", "U3", "S3", "M8[s]", "?", ">f8"])
        arrays[name] = arrays[name].astype(dtype)
    elif chance < 0.5:
        shapes = [(-1,), (1, -1), (-1, 1), (-1, 2), (-1, 1, 1, 1)]
        arrays[name] = arrays[name].reshape(shapes[generator.integers(len(shapes))])
    elif chance < 0.6:
        arrays[name] = arrays[name][: generator.integers(3)]
    content = io.BytesIO()
    methods = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    with zipfile.ZipFile(content, "w", methods[generator.integers(4)]) as file:
        for key, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            file.writestr(f"{key}.npy", member.getvalue())
    return content.getvalue()


def table(generator):
    """Returns a table of any separator and line ending, perhaps without a header or a column."""
    rows = [[f"{value:.4g}" for value in row] for row in generator.normal(size=(ROWS, 3))]
    rows = [[*row, "xyz"[index % 3]] for index, row in enumerate(rows)]
    chance = generator.random()
    if chance < 0.9:
        rows = [["a", "b", "c", "label"], *rows]
    if chance < 0.2:
        odd = ["", "inf", "1e999", "9" * 400, '"', "\x1b[31m", "NaN", "1,5", "2026-01-01", "0x1f"]
        rows[generator.integers(len(rows))][generator.integers(4)] = odd[generator.integers(10)]
    elif chance < 0.3:
        del rows[generator.integers(len(rows))][0]
    separator = generator.choice([",", ";", "\t"], p=[0.8, 0.1, 0.1])
    text = generator.choice(["\n", "\r\n"]).join(separator.join(row) for row in rows)
    encoding = generator.choice(["utf-8", "utf-8-sig", "utf-16"], p=[0.8, 0.1, 0.1])
    return text.encode(encoding)


def damaged(content, generator):
    """Returns bytes of which some are flipped, cut off, doubled, or set to 0."""
    changed = bytearray(content)
    for _ in range(generator.integers(0, 4)):
        place = int(generator.integers(max(len(changed), 1)))
        kind = generator.integers(5)
        if kind == 0:
            del changed[place:]
        elif kind == 1:
            changed[place : place + 8] = bytes(8)
        elif kind == 2:
            changed[place:place] = changed[place : place + 20]
        elif changed:
            changed[place] ^= 1 << int(generator.integers(8))
    return bytes(changed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
@pytest.mark.parametrize(("made", "name"), [(archive, "mine.npz"), (table, "mine.csv")])
def test_damaged_files_load_or_are_refused(tmp_path, made, name, part):
    path = tmp_path / name
    loaded = 0
    for seed in range(part, DAMAGES, 5):
        generator = np.random.default_rng(seed)
        path.write_bytes(damaged(made(generator), generator))
        found, refusal = None, ""
        try:
            found = data.load(str(path))
        except ZooError as error:
            refusal = str(error)
        if found is None:
            assert str(path) in refusal, seed
            assert len(refusal.splitlines()) <= 2, seed
            continue
        loaded += 1
        for array in (found.x_train, found.x_validation, found.x_test):
            assert np.isfinite(array).all(), seed
        assert len(found.class_names) == found.num_classes >= 2, seed
        assert set(found.y_train) | set(found.y_test) <= set(range(found.num_classes)), seed
    assert 0 < loaded < DAMAGES / 5  # some of either kind
