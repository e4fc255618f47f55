import importlib.util

import pytest

from zoo.errors import MissingDataError, ZooError
from zoo.runner.mistakes import line_of, line_of_argument, mistakes_in, shown

EXPECTED = "It must do well."


@pytest.fixture
def module(tmp_path):
    """Returns a function that makes a module of some lines, and its path."""

    def make(*lines):
        path = tmp_path / "mine.py"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        spec = importlib.util.spec_from_file_location("mine", path)
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        return made, path

    return make


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("raise RuntimeError('not\\n  today')", "RuntimeError: not today."),
        ("raise SystemExit(0)", "SystemExit: 0."),
        ("raise type('Odd', (BaseException,), {})", "Odd."),
        ("1 / 0", "ZeroDivisionError: division by zero."),
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'."),
    ],
)
def test_whatever_is_raised_is_said_with_its_line_and_what_was_expected(module, statement, said):
    made, path = module("def outer():", "    inner()", "", "def inner():", f"    {statement}")
    with pytest.raises(ZooError) as raised, mistakes_in(path, EXPECTED):
        made.outer()
    assert str(raised.value) == f"{path}:5: {said}\n{EXPECTED}"
    assert raised.value.__cause__ is not None


def test_the_users_own_line_is_named_if_what_it_calls_raises(module):
    made, path = module("def f():", "    return int('x')", "", "def g(f):", "    f()")

    def ours():
        raise ZooError("`x` must be y. Received: z")

    with pytest.raises(ZooError) as raised, mistakes_in(path, EXPECTED):
        made.g(ours)
    assert str(raised.value) == f"{path}:5: `x` must be y. Received: z"
    with pytest.raises(ZooError) as raised, mistakes_in(path, EXPECTED):
        made.f()
    assert str(raised.value).startswith(f"{path}:2: ValueError: invalid literal")


def test_a_kind_of_error_stays_that_kind_and_is_placed_once(module):
    made, path = module("def g(f):", "    f()")

    def ours():
        raise MissingDataError("no data")

    twice = mistakes_in(path, EXPECTED), mistakes_in(path, EXPECTED)
    with pytest.raises(MissingDataError) as raised, twice[0], twice[1]:
        made.g(ours)
    assert str(raised.value) == f"{path}:2: no data"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit])
def test_control_c_passes(module, kind):
    made, path = module("def g(f):", "    f()")

    def stop():
        raise kind

    with pytest.raises(kind), mistakes_in(path, EXPECTED):
        made.g(stop)


def test_what_no_line_of_the_file_has_raised_passes_unless_a_line_is_given(module):
    made, path = module("def f(x):", "    return x")
    with pytest.raises(TypeError), mistakes_in(path, EXPECTED):
        made.f()
    known = mistakes_in(path, EXPECTED, line_of(path, made.f, "f"))
    with pytest.raises(ZooError, match=r"mine\.py:1: TypeError: f\(\) missing 1 required"), known:
        made.f()


def test_where_a_function_stands_is_known_and_else_where_it_is_given(module):
    made, path = module(
        "import functools",
        "call = dict(",
        "    first=1,",
        "    second=len,",
        ")",
        "def f(x):",
        "    return x",
        "g = functools.partial(f, 1)",
        "h = lambda: 0",
    )
    assert line_of(path, made.f, "first") == 6
    assert line_of(path, made.g, "first") == 6
    assert line_of(path, made.h, "first") == 9
    assert line_of(path, len, "second") == 4
    assert line_of_argument(path, "first") == 3
    assert line_of_argument(path, "third") == 1


def test_a_path_is_named_from_the_working_folder(tmp_path, monkeypatch):
    inside = tmp_path / "a" / "mine.py"
    assert shown(inside) == str(inside)
    monkeypatch.chdir(tmp_path)
    assert shown(inside) == "a/mine.py"
