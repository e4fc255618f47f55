import base64

import numpy as np
import pytest

from zoo.runs.rights import packed, unpacked


def test_bits_are_eight_to_a_byte_the_first_the_highest():
    right = [1, 0, 0, 0, 0, 0, 0, 1, 1, 1]
    assert packed(right) == f"10:{base64.b64encode(bytes([0b10000001, 0b11000000])).decode()}"
    assert unpacked(packed(right)) == bytes(right)


@pytest.mark.parametrize("examples", [1, 7, 8, 9, 359, 1000])
def test_what_is_packed_comes_back(examples):
    right = np.random.default_rng(examples).random(examples) < 0.7
    text = packed(right)
    assert unpacked(text) == right.astype(np.uint8).tobytes()
    assert packed(list(unpacked(text))) == packed(right.astype(np.float32)) == text
    assert len(text) <= 6 + 4 * (examples / 24 + 1)  # 125 bytes for 1,000 examples, in base64


@pytest.mark.parametrize(
    "text",
    ["", "8", ":gA==", "8:", "0:", "9:gA==", "8:gQ=", "8:g", "-8:gA==", "²:gA==", "8:gA==gA==",
     "08:gA==", "7:gQ==", "8: gA==", "8:gB==", "99999999999:gA==", f"{'9' * 5000}:gA=="],
)  # fmt: skip
def test_what_is_no_such_text_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        unpacked(text)
