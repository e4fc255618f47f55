"""Random numbers that are drawn for all runs at once are those that each run draws alone."""

import contextlib

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("a trait of TensorFlow", allow_module_level=True)

import tensorflow as tf

from zoo.engine import draws_tensorflow
from zoo.engine.draws_tensorflow import drawn_alone, drawn_at_once, philox

SEEDS = np.array([[0, 0], [1, 2], [2**31 - 2, 7], [-5, 2**31 - 1], [123456789, -1]], "int32")


def drawn(draw, at_once):
    """Returns what a function of a seed draws for many seeds, and whether it does so in a loop."""

    def program(seeds):
        if not at_once:
            return tf.vectorized_map(draw, seeds)
        with drawn_at_once():
            return tf.vectorized_map(draw, seeds)

    compiled = tf.function(program, jit_compile=True, autograph=False)
    graph = compiled.get_concrete_function(tf.TensorSpec(SEEDS.shape, SEEDS.dtype)).graph
    inner = [node.op for each in graph.as_graph_def().library.function for node in each.node_def]
    loops = any("While" in kind for kind in inner)
    return compiled(tf.constant(SEEDS)).numpy(), loops


def test_philox_is_that_of_its_authors():
    most = 0xFFFFFFFF
    answers = {  # the first two of Random123's known answers
        0: (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
        most: (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    }
    for word, expected in answers.items():
        words = [tf.constant([word], tf.uint32)] * 6
        assert tuple(int(each[0]) for each in philox(words[:2], words[2:])) == expected


@pytest.mark.parametrize("shape", [(), (1,), (3,), (4, 5), (7, 3, 2)], ids=str)
def test_uniform_numbers_are_equal_bit_for_bit(shape):
    def draw(seed):
        return tf.random.stateless_uniform(shape, seed=seed)

    at_once, loops = drawn(draw, at_once=True)
    one_by_one, others = drawn(draw, at_once=False)
    assert (loops, others) == (False, True)
    assert at_once.shape == (len(SEEDS), *shape)
    assert at_once.tobytes() == one_by_one.tobytes()


def test_dropout_masks_are_equal():
    def draw(seed):
        return tf.nn.experimental.stateless_dropout(tf.ones((6, 9)), 0.4, seed)

    at_once, loops = drawn(draw, at_once=True)
    assert not loops
    np.testing.assert_array_equal(at_once, drawn(draw, at_once=False)[0])
    assert 0 < np.mean(at_once == 0) < 1


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: tf.random.stateless_normal((5,), seed=seed),
        lambda seed: tf.random.stateless_uniform((5,), seed=seed, dtype="float16"),
        lambda seed: tf.random.stateless_uniform((5,), seed=seed, alg="threefry"),
        lambda seed: tf.random.stateless_uniform((5,), seed, 0, 9, dtype="int32"),
    ],
    ids=["normal", "half", "threefry", "integers"],
)
def test_others_are_drawn_in_a_loop_as_before(draw):
    at_once, loops = drawn(draw, at_once=True)
    assert loops
    np.testing.assert_array_equal(at_once, drawn(draw, at_once=False)[0])


def drawn_by_one(draw, **how):
    """Returns what each seed draws in a program of its own run, and which operations do it."""
    context = drawn_alone(**how) if how else contextlib.nullcontext()

    def program(seed):
        with context:
            return draw(seed)

    compiled = tf.function(program, jit_compile=True, autograph=False)
    graph = compiled.get_concrete_function(tf.TensorSpec((2,), tf.int32)).graph.as_graph_def()
    found = np.stack([compiled(tf.constant(seed)).numpy() for seed in SEEDS])
    return found, {node.op for node in graph.node}


UNIFORM = "StatelessRandomUniformV2"


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (4, 5), (7, 3, 2)], ids=str)
def test_uniform_numbers_of_one_run_are_equal_bit_for_bit(shape, kept):
    def draw(seed):
        return tf.random.stateless_uniform(shape, seed=seed)

    found, operations = drawn_by_one(draw, kept=kept)
    expected, usual = drawn_by_one(draw)
    assert UNIFORM in usual - operations
    assert ("StatelessWhile" in operations) == kept
    assert found.shape == (len(SEEDS), *shape)
    assert found.tobytes() == expected.tobytes()


def test_others_of_one_run_are_drawn_as_before():
    def draw(seed):
        return tf.cast(tf.random.stateless_uniform((5,), seed=seed, dtype="float16"), "float32")

    found, operations = drawn_by_one(draw, kept=True)
    assert UNIFORM in operations
    np.testing.assert_array_equal(found, drawn_by_one(draw)[0])


def test_outside_of_the_engine_nothing_changes():
    def draw(seed):
        return tf.random.stateless_uniform((5,), seed=seed)

    seeds = tf.constant(SEEDS)
    expected = np.stack([draw(seed).numpy() for seed in seeds])
    np.testing.assert_array_equal(tf.vectorized_map(draw, seeds).numpy(), expected)
    assert not draws_tensorflow._compiled.get()
