"""Random numbers in compiled programs, bit for bit those of TensorFlow, drawn faster.

TensorFlow's vectorised map has no form of its random operations for many runs, and draws in a
loop, one run after the other. XLA draws number by number on a processor. The uniform numbers of
Keras's dropout come from Philox with ten rounds, which is arithmetic on integers and vectorises as
any other.

References:
    Salmon et al. (2011), Parallel Random Numbers: As Easy as 1, 2, 3, Proc. SC11.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.tensor_util import constant_value
from tensorflow.python.ops import gen_stateless_random_ops_v2 as random_ops
from tensorflow.python.ops.parallel_for.pfor import (
    ConversionNotImplementedError,
    RegisterPFor,
    wrap,
)

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
STEPS = (0x9E3779B9, 0xBB67AE85)  # of the key, from round to round
SCRAMBLE = (0x3EC8F720, 0x02461E29)  # the key by which a seed becomes a key and a counter
PHILOX, AUTOMATIC = 1, 3  # which is Philox on processors and GPUs
MANTISSA, ONE = 9, 0x3F800000  # bits that a float of [1, 2) leaves out; its exponent

# Outside of compiled programs TensorFlow makes other floats of the same bits.
_compiled: ContextVar[str] = ContextVar("compiled", default="")
AT_ONCE, ALONE, KEPT = "for all runs at once", "for one run", "for one run, and kept"
HALVES = 2  # rounds of the loop by which numbers are kept; two are enough

_of_tensorflow = random_ops.stateless_random_uniform_v2


def drawn_at_once() -> contextlib.AbstractContextManager[None]:
    """Has the vectorised map draw numbers for all runs at once, in programs that XLA compiles."""
    return _drawing(AT_ONCE)


def drawn_alone(*, kept: bool) -> contextlib.AbstractContextManager[None]:
    """Has numbers of a single run drawn as those of many are, in programs that XLA compiles.

    Args:
        kept: Whether they are drawn once and kept in memory. Otherwise each of their uses draws
            them anew, which is the faster way where there are few: two of a dropout mask, but a
            dozen where a convolution follows.
    """
    return _drawing(KEPT if kept else ALONE)


@contextlib.contextmanager
def _drawing(how: str) -> Iterator[None]:
    token = _compiled.set(how)
    try:
        yield
    finally:
        _compiled.reset(token)


def philox(key: Sequence[Any], counter: Sequence[Any]) -> list[Any]:
    """Returns four random words for each counter.

    Args:
        key: Two arrays of 32-bit words.
        counter: Four of them, of shapes that broadcast with the key's.
    """
    words, key = list(counter), list(key)
    for _ in range(ROUNDS):
        (high, low), (other_high, other_low) = map(_product, words[::2], MULTIPLIERS)
        words = [other_high ^ words[1] ^ key[0], other_low, high ^ words[3] ^ key[1], low]
        key = [word + tf.constant(step, tf.uint32) for word, step in zip(key, STEPS, strict=True)]
    return words


def _product(word: Any, multiplier: int) -> list[Any]:
    """Returns the high and the low word of a product."""
    return _words(tf.cast(word, tf.uint64) * tf.constant(multiplier, tf.uint64))[::-1]


def _words(number: Any) -> list[Any]:
    """Returns the low and the high word of numbers of 64 bits."""
    shift = tf.constant(32, tf.uint64)
    return [tf.cast(number, tf.uint32), tf.cast(tf.bitwise.right_shift(number, shift), tf.uint32)]


def _joined(low: Any, high: Any) -> Any:
    """Returns numbers of 64 bits from their words."""
    shift = tf.constant(32, tf.uint64)
    return tf.cast(low, tf.uint64) | tf.bitwise.left_shift(tf.cast(high, tf.uint64), shift)


@RegisterPFor("StatelessRandomGetKeyCounter")  # type: ignore[untyped-decorator]
def _keys_and_counters(given: Any) -> list[Any]:
    """Makes keys and counters of the seeds of all runs."""
    seeds = given.stacked_input(0)
    _check(given, seeds.dtype == tf.int32)
    low, zero = tf.cast(seeds, tf.uint32), tf.zeros(seeds.shape[:1], tf.uint32)
    words = [low[:, 0], zero, low[:, 1], zero]
    found = philox([tf.constant(word, tf.uint32) for word in SCRAMBLE], words)
    keys, high = _joined(*found[:2]), _joined(*found[2:])
    counters = tf.stack([tf.zeros_like(high), high], axis=1)
    return [wrap(keys[:, None], True), wrap(counters, True)]


@RegisterPFor("StatelessRandomUniformV2")  # type: ignore[untyped-decorator]
def _uniform(given: Any) -> Any:
    """Draws numbers of [0, 1) for all runs."""
    shape = constant_value(given.unstacked_input(0))
    algorithm = constant_value(given.unstacked_input(3))
    _check(
        given,
        shape is not None
        and algorithm in (PHILOX, AUTOMATIC)
        and given.outputs[0].dtype == tf.float32,
    )
    words = _drawn(given.stacked_input(1), given.stacked_input(2), math.prod(shape))
    return wrap(tf.reshape(_numbers(words), [-1, *shape]), True)


def _uniform_of_one(
    shape: Any, key: Any, counter: Any, alg: Any, dtype: Any = tf.float32, name: Any = None
) -> Any:
    """Draws as TensorFlow's operation does, whose arguments these are."""
    how = _compiled.get()
    if how in (ALONE, KEPT):
        known, algorithm = (constant_value(tf.convert_to_tensor(each)) for each in (shape, alg))
        if known is not None and dtype == tf.float32 and algorithm in (PHILOX, AUTOMATIC):
            draw = _kept if how == KEPT else _drawn
            words = draw(key[None], counter[None], math.prod(known))
            return tf.reshape(_numbers(words), known)
    return _of_tensorflow(shape, key, counter, alg, dtype=dtype, name=name)


# All of TensorFlow's own functions call it by this name. Outside of `drawn_alone` nothing changes.
random_ops.stateless_random_uniform_v2 = _uniform_of_one


def _numbers(words: Any) -> Any:
    """Returns the numbers of [0, 1) that random words stand for."""
    bits = tf.bitwise.right_shift(words, tf.constant(MANTISSA, tf.uint32))
    return tf.bitcast(bits | tf.constant(ONE, tf.uint32), tf.float32) - 1.0


def _kept(keys: Any, counters: Any, count: int) -> Any:
    """Returns random words as `_drawn` does, by a loop, whose results XLA cannot draw anew."""
    half = 4 * math.ceil(count / 4 / HALVES)  # a counter gives four words
    runs = keys.shape[0]

    def draw(place: Any, found: Any) -> Any:
        moved = counters[:, :1] + tf.cast(place * (half // 4), tf.uint64)
        own = tf.concat([moved, counters[:, 1:]], axis=1)
        return place + 1, found.write(place, _drawn(keys, own, half))

    empty = tf.TensorArray(tf.uint32, HALVES, element_shape=(runs, half))
    _, found = tf.while_loop(lambda place, _: place < HALVES, draw, (tf.constant(0), empty))
    words = tf.transpose(found.stack(), [1, 0, 2])
    return tf.reshape(words, [runs, HALVES * half])[:, :count]


def _drawn(keys: Any, counters: Any, count: int) -> Any:
    """Returns random words of all runs, shape (runs, count)."""
    place = tf.range(count)[None]
    low = counters[:, :1] + tf.cast(tf.bitwise.right_shift(place, 2), tf.uint64)
    high = tf.broadcast_to(counters[:, 1:], low.shape)
    words = philox(_words(keys), [*_words(low), *_words(high)])
    # Computing all four for each of them is arithmetic; interleaving arrays moves word by word.
    found, which = words[0], place & 3
    for number, word in enumerate(words[1:], start=1):
        found = tf.where(which == number, word, found)
    return found


def _check(given: Any, usual: bool) -> None:
    """Raises what makes the map draw in a loop, as it does of itself, unless this is known here."""
    if not (usual and _compiled.get() == AT_ONCE):
        raise ConversionNotImplementedError(f"{given.op_type} of another kind")
