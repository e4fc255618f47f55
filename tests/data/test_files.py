import numpy as np
import pytest

from zoo import data
from zoo.data.files import read_file, read_npz, target_of
from zoo.errors import ZooError

X = np.arange(24.0).reshape(12, 2)
Y = np.arange(12) % 3
TEST = {"x_train": X, "y_train": Y, "x_test": X[:3], "y_test": Y[:3]}
# Numbers that do not count the rows.
CSV = "a,b,label\n" + "".join(f"{row * 5 % 12},{-row},{'xyz'[row % 3]}\n" for row in range(12))


def changed(array, row, value):
    result = array.copy()
    result[row] = value
    return result


def one_message(caught):
    message = str(caught.value)
    assert len(message.splitlines()) <= 2
    return message


# Good files


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (Y + 5, ("5", "6", "7")),
        (Y * 10 - 10, ("-10", "0", "10")),
        (Y.astype(np.uint8), ("0", "1", "2")),
        (Y.astype(np.float32), ("0", "1", "2")),
        (Y / 2, ("0.0", "0.5", "1.0")),
        (Y > 0, ("False", "True")),
        (np.array(["b", "c", "a"])[Y], ("a", "b", "c")),
        (np.array([b"b", b"c", b"a"])[Y], ("a", "b", "c")),
        (Y[:, np.newaxis], ("0", "1", "2")),
    ],
)
def test_labels_of_any_type_become_codes_in_sorted_order(tmp_path, labels, names):
    np.savez(tmp_path / "mine.npz", x=X, y=labels)
    parts = read_npz(tmp_path / "mine.npz")
    assert parts.class_names == names
    assert parts.y.dtype == np.int32
    sorted_values = sorted(set(np.ravel(labels).tolist()))
    assert [sorted_values[code] for code in parts.y] == np.ravel(labels).tolist()


def test_npz_with_and_without_test_part(tmp_path):
    np.savez(tmp_path / "four.npz", **TEST)
    parts = read_file(str(tmp_path / "four.npz"))
    np.testing.assert_array_equal(parts.x_test, X[:3])
    assert parts.y_test.tolist() == [0, 1, 2]
    np.savez(tmp_path / "two.npz", x_train=X, y_train=Y, extra=X)
    assert read_file(str(tmp_path / "two.npz")).x_test is None
    loaded = data.load(str(tmp_path / "two.npz"))
    # One example of each of the 3 classes at least: round(0.2 * 12) = 2 is too few.
    assert (len(loaded.x_test), len(loaded.x_validation), len(loaded.x_train)) == (3, 3, 6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.csv", ("a.csv", None)),
        ("a.csv:b", ("a.csv", "b")),
        ("folder/A.CSV:the label", ("folder/A.CSV", "the label")),
        ("c:d.csv", ("c:d.csv", None)),
        ("a.csv:b:c", ("a.csv", "b:c")),
        ("a.xlsx:b", ("a.xlsx", "b")),
        ("a.npz:y", ("a.npz:y", None)),
    ],
)
def test_target_stands_after_the_last_colon(text, expected):
    assert target_of(text) == expected


def test_csv_target_is_the_last_column_or_the_named_one(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(CSV)
    parts = read_file(str(path))
    assert parts.class_names == ("x", "y", "z")
    np.testing.assert_array_equal(parts.x, [[row * 5 % 12, -row] for row in range(12)])
    assert parts.y.tolist() == [row % 3 for row in range(12)]
    path.write_text(
        "label , a,b\n\n" + "".join(f"{row % 2}, {row * row},{row % 3}e3\n" for row in range(8))
    )
    loaded = data.load(f"{path}:label")
    assert (loaded.name, loaded.input_shape, loaded.class_names) == ("mine", (2,), ("0", "1"))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["True", "False"], ("False", "True")),
        (["10", "9"], ("9", "10")),
        (["1.0", "2.0"], ("1", "2")),
        (["1", "one"], ("1", "one")),
        (["None", "Some"], ("None", "Some")),
        (["ä, b", "c"], ("c", "ä, b")),
    ],
)
def test_csv_labels_are_read_as_they_stand(tmp_path, labels, names):
    rows = "".join(f'{row * row},"{labels[row % 2]}"\n' for row in range(6))
    (tmp_path / "mine.csv").write_text("a,label\n" + rows, encoding="utf-8-sig")
    assert read_file(str(tmp_path / "mine.csv")).class_names == names


def test_csv_columns_named_by_pandas_are_no_missing_header(tmp_path):
    (tmp_path / "mine.csv").write_text(CSV.replace("a,b,label", "0,1,2"))
    assert read_file(str(tmp_path / "mine.csv")).x.shape == (12, 2)


# Bad arrays


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, "missing: y. Received: x"),
        ({"x_train": X, "y_train": Y, "x_test": X}, "missing: y_test"),
        ({"images": X}, "expected the keys x, y; missing: y. Received: images"),
        ({"a": X, "b": Y}, "missing: x_train, y_train, x_test, y_test. Received: a, b"),
        ({}, "Received: none"),
        ({"x": X, "y": Y.astype(object)}, "y cannot be read without pickle"),
        ({"x": X[:, 0], "y": Y}, r"x must have shape .* Received shape \(12,\)"),
        ({"x": X[:0], "y": Y[:0]}, r"Received shape \(0, 2\)"),
        ({"x": X.astype(str), "y": Y}, "x must hold numbers. Received dtype <U"),
        ({"x": X.astype(complex), "y": Y}, "x must hold numbers. Received dtype complex128"),
        ({"x": changed(X, (4, 1), np.nan), "y": Y}, r"x has 1 values .* row 4, index \[4, 1\]"),
        ({"x": changed(X, slice(2, 4), np.inf), "y": Y}, r"x has 4 values .* index \[2, 0\]"),
        ({"x": changed(X, (0, 1), 1e39), "y": Y}, "beyond float32"),
        ({"x": X, "y": Y[:11]}, r"each of the 12 rows .* Received shape \(11,\)"),
        ({"x": X, "y": np.eye(3)[Y] + np.eye(3)[1] > 0}, "Row 0 is of 2 classes.*zoo.fit_many"),
        ({"x": X, "y": np.eye(3)[Y] / 2}, r"Received shape \(12, 3\). Keep one column"),
        ({"x": X, "y": changed(Y / 1, 7, np.nan)}, "y has 1 missing labels; the first is at row 7"),
        ({"x": X, "y": np.array(["a", "", " NaN"])[Y]}, "y has 8 missing labels.* row 1"),
        ({"x": X, "y": Y * 1j}, "y must hold numbers or strings"),
        ({"x": X, "y": Y * 0 + 7}, "at least two classes in y. Received 1: 7"),
        ({"x": X, "y": np.arange(12)}, "at least 3 .*Received 1 of class 0.*--task regression"),
        ({"x": X, "y": np.sort(Y) // 2 + (np.arange(12) > 9)}, "Received 2 of class 1"),
        ({"x": X, "y": np.repeat(["cat", "dog"], (10, 2))}, "Received 2 of class dog"),
        (TEST | {"x_test": X[:3, :1]}, r"shape \(2,\), as x_train has. Received \(1,\)"),
        (TEST | {"y_test": Y[:3] + 1}, "y_test has labels that y_train lacks: 3"),
        (TEST | {"y_test": Y[:2]}, "y_test must hold one label for each of the 3 rows"),
        (TEST | {"x_test": changed(X[:3], 2, np.nan)}, "x_test has 2 values"),
        (TEST | {"y_train": np.repeat([0, 1], (11, 1))}, "at least 2 .*Received 1 of class 1"),
    ],
)
def test_bad_arrays(tmp_path, arrays, message):
    np.savez(tmp_path / "mine.npz", **arrays)
    with pytest.raises(ZooError, match=message) as caught:
        read_npz(tmp_path / "mine.npz")
    assert "mine.npz" in one_message(caught)


@pytest.mark.parametrize(("values", "regression"), [(20, False), (21, True)])
def test_fractions_of_many_values_are_a_regression_target(tmp_path, values, regression):
    y = np.tile(np.arange(values) + 0.5, 3)
    np.savez(tmp_path / "mine.npz", x=np.ones((len(y), 1)), y=y)
    found = read_npz(tmp_path / "mine.npz")
    assert len(found.class_names) == (0 if regression else values)
    assert found.y.dtype == (np.float64 if regression else np.int32)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_unreadable_npz(tmp_path, content):
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(ZooError, match=r"not a readable .npz archive") as caught:
        read_npz(tmp_path / "mine.npz")
    one_message(caught)


def test_npz_with_a_flipped_byte(tmp_path):
    np.savez(tmp_path / "mine.npz", x=X, y=Y)
    content = bytearray((tmp_path / "mine.npz").read_bytes())
    content[content.index(X.tobytes()) + 9] ^= 255
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(ZooError, match=r"not a readable .npz archive"):
        read_npz(tmp_path / "mine.npz")


def test_npy_under_the_wrong_name(tmp_path):
    np.save(tmp_path / "mine.npy", X)
    (tmp_path / "mine.npy").rename(tmp_path / "mine.npz")
    with pytest.raises(ZooError, match=r"received a single .npy array"):
        read_npz(tmp_path / "mine.npz")


@pytest.mark.parametrize("name", ["mine.npz", "mine.csv"])
def test_missing_file_and_folder(tmp_path, name):
    with pytest.raises(ZooError, match=f"{name} does not exist"):
        read_file(str(tmp_path / name))
    (tmp_path / name).mkdir()
    with pytest.raises(ZooError, match=f"{name} is a folder without data"):
        read_file(str(tmp_path / name))


# Bad tables


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("a,b,label\n", "a header but no rows"),
        (CSV.replace("1,-5,", "1,blue,"), "'b' holds text: 'blue' in line 7.*\n.*--drop b"),
        (CSV.replace("\n1,-5,", "\n\n1,blue,"), "'blue' in line 8"),
        (CSV.replace("1,-5,", "1,inf,"), "'b' has 1 values .* inf in line 7"),
        (CSV.replace("1,-5,z", "1,-5,z,4"), "not a readable table: .*line 7, saw 4"),
        (CSV.replace("a,b,label", "a,b"), "the header names 2 columns, the first row has 3"),
        (CSV.replace("a,b,", "a,a,"), "two columns are named 'a'"),
        ("label\n1\n2\n", "at least one feature column and the target.*'label'"),
        ("a,label\n1,x\n2,x\n3,x\n", "at least two classes in .*label.* Received 1: x"),
        ("a,label\n1,x\n2,x\n3,y\n", "at least 3 .*Received 1 of class y"),
    ],
)
def test_bad_tables(tmp_path, text, message):
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(ZooError, match=message) as caught:
        read_file(str(tmp_path / "mine.csv"))
    assert "mine.csv" in one_message(caught)


def test_missing_target_column_offers_the_closest(tmp_path):
    (tmp_path / "mine.csv").write_text(CSV)
    with pytest.raises(ZooError, match=r"no column 'lable'. Did you mean label"):
        read_file(f"{tmp_path / 'mine.csv'}:lable")
