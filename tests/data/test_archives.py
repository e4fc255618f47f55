import io
import struct
import zipfile

import numpy as np
import pytest

from zoo.data import archives
from zoo.data.files import read_file, read_npz
from zoo.errors import ZooError

X = np.arange(24.0).reshape(12, 2)
Y = np.arange(12) % 3


def npy(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def written(path, compression=zipfile.ZIP_STORED, **members):
    """Writes members, given as arrays or as bytes, as an archive."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content if isinstance(content, bytes) else npy(content))
    return path


def refusal(path):
    with pytest.raises(ZooError) as caught:
        read_npz(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert len(message.splitlines()) <= 2
    return message


@pytest.mark.parametrize("compression", archives.COMPRESSIONS)
@pytest.mark.parametrize(
    "x", [X, np.asfortranarray(X), X.astype(">f4"), X.astype(np.float16), X.astype(np.uint8)]
)
def test_every_compression_and_layout_gives_the_array(tmp_path, compression, x):
    parts = read_npz(written(tmp_path / "a.npz", compression, x=x, y=Y))
    np.testing.assert_array_equal(parts.x, X)
    assert parts.x.dtype == x.dtype


def test_more_than_one_chunk(tmp_path):
    x = np.arange(3 * archives.CHUNK_BYTES // 8 + 5, dtype=np.float64)[:, None]
    y = np.arange(len(x)) % 2
    parts = read_npz(written(tmp_path / "a.npz", zipfile.ZIP_DEFLATED, x=x, y=y))
    np.testing.assert_array_equal(parts.x, x)
    np.testing.assert_array_equal(parts.y, y)


def marked(path, local, central, value):
    """Overwrites a field of two bytes of the first member, in both of its headers."""
    content = bytearray(path.read_bytes())
    for signature, place in ((b"PK\3\4", local), (b"PK\1\2", central)):
        struct.pack_into("<H", content, content.index(signature) + place, value)
    path.write_bytes(content)


def test_an_encrypted_array_is_named(tmp_path):
    path = written(tmp_path / "a.npz", x=X, y=Y)
    marked(path, 6, 8, archives.ENCRYPTED)  # the flags
    assert "x is encrypted. Write it again" in refusal(path)


def test_an_unknown_compression_is_named(tmp_path):
    path = written(tmp_path / "a.npz", x=X, y=Y)
    marked(path, 8, 10, 99)  # the method
    assert "x is compressed in a way that Python does not know (zip method 99)" in refusal(path)


@pytest.mark.parametrize("compression", archives.COMPRESSIONS[1:])
def test_damaged_compressed_bytes(tmp_path, compression):
    path = written(tmp_path / "a.npz", compression, x=X, y=Y)
    content = bytearray(path.read_bytes())
    start = content.index(b"x.npy") + 5
    content[start + 20 : start + 60] = bytes(40)
    path.write_bytes(content)
    assert "not a readable .npz archive" in refusal(path)


def claiming(shape, size=96, dtype="<f4", version=1):
    """Returns an array's file whose header claims a shape and behind which are `size` bytes."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return (
        np.lib.format.MAGIC_PREFIX
        + bytes([version, 0])
        + struct.pack("<H", len(header))
        + header
        + bytes(size)
    )


@pytest.mark.parametrize(
    ("shape", "claimed"),
    [
        ((5 * 10**12, 2), 4 * 10**13),
        ((12, 3), 144),
        ((-6, -4), 96),
        ((10**30, 10**30), 4 * 10**60),
    ],
)
def test_a_header_that_claims_another_size(tmp_path, shape, claimed):
    path = written(tmp_path / "a.npz", x=claiming(shape), y=Y)
    assert f"x claims the shape {shape}, {claimed} bytes, and has 96" in refusal(path)


def test_the_claimed_size_itself_is_read(tmp_path):
    path = written(tmp_path / "a.npz", x=claiming((12, 2)), y=Y)
    np.testing.assert_array_equal(read_npz(path).x, np.zeros((12, 2)))


def test_an_unknown_version_and_objects(tmp_path):
    path = written(tmp_path / "a.npz", x=claiming((12, 2), version=9), y=Y)
    assert "x has a header of unknown version (9, 0)" in refusal(path)
    path = written(tmp_path / "a.npz", x=claiming((12, 1), dtype="|O"), y=Y)
    assert "x cannot be read without pickle" in refusal(path)


def test_what_does_not_fit_the_memory_is_not_unpacked(tmp_path, monkeypatch):
    size = 2**22
    path = written(tmp_path / "a.npz", zipfile.ZIP_DEFLATED, x=np.zeros((size // 8, 1)), y=Y)
    assert path.stat().st_size < size / 100
    monkeypatch.setattr(archives, "free_memory", lambda: archives.COPIES * size - 1)

    def unpacked(*arguments, **keywords):
        raise AssertionError("it was unpacked")

    with monkeypatch.context() as patch:
        patch.setattr(archives.np, "empty", unpacked)
        assert "holds 4 MiB and needs about 3 times as much; 12 MiB" in refusal(path)
    monkeypatch.setattr(archives, "free_memory", lambda: archives.COPIES * size)
    assert "y must hold one label for each of the 524288 rows" in refusal(path)


def test_a_table_that_does_not_fit_the_memory(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("a,label\n" + "1,x\n2,y\n2,x\n" * 4)
    assert len(read_file(str(tmp_path / "a.csv")).x) == 12
    monkeypatch.setattr(archives, "free_memory", lambda: 100)
    with pytest.raises(ZooError, match=r"a.csv holds .* needs about 3 times"):
        read_file(str(tmp_path / "a.csv"))


@pytest.mark.parametrize(
    ("dtype", "value", "usable"),
    [
        (np.float16, np.inf, False),
        (np.float16, 65504, True),
        (np.float32, 3.4028234e38, True),
        (np.float64, 3.4028234e38, True),
        (np.float64, 3.4028236e38, False),  # the largest float32 is 3.4028235e38
        (np.float64, -1e300, False),
        (np.longdouble, 1e300, False),
    ],
)
def test_features_must_be_finite_as_float32(tmp_path, dtype, value, usable):
    x = X.astype(dtype)
    x[7, 1] = value
    path = written(tmp_path / "a.npz", x=x, y=Y)
    if usable:
        assert read_npz(path).x[7, 1] == dtype(value)
    else:
        assert "x has 1 values that are NaN, infinite or beyond float32; the first is at row 7" in (
            refusal(path)
        )


@pytest.mark.parametrize(
    "labels",
    [
        np.array([b"a\xff", b"b", b"c"])[Y],
        np.array(["a\udcff", "b", "c"])[Y],
        np.full(12, 0x7FFFFFFF, np.uint32).view("U1"),  # no such character
        np.full(12, 0x110000, ">u4").view(">U1"),
    ],
)
def test_labels_that_are_no_text(tmp_path, labels):
    path = written(tmp_path / "a.npz", x=X, y=labels)
    assert "y has labels that are no" in refusal(path)


def test_escape_sequences_in_names_of_classes_are_written_out(tmp_path):
    labels = np.array(["\x1b[31mred", "two\nlines", "\u202eleft"])[Y]
    parts = read_npz(written(tmp_path / "a.npz", x=X, y=labels))
    assert parts.class_names == ("\\x1b[31mred", "two\\nlines", "\\u202eleft")


def test_whole_numbers_beyond_64_bits_stay_apart(tmp_path):
    y = np.array([1e300, 2e300, -1e300])[Y]
    path = written(tmp_path / "a.npz", x=X, y=y)
    assert read_npz(path).class_names == ("-1e+300", "1e+300", "2e+300")
    big = [str(10**40 + row) for row in range(3)]
    (tmp_path / "a.csv").write_text(
        "a,label\n" + "".join(f"{n % 2},{big[row]}\n" for n, row in enumerate(Y))
    )
    assert read_file(str(tmp_path / "a.csv")).class_names == tuple(big)
