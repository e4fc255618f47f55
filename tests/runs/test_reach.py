"""What a function reaches in roundabout ways is told, so that a change of it is a change."""

import sys
import types

import pytest

from zoo.runs.code import value_and_code
from zoo.runs.reach import instructions

DECORATOR = """
import functools
def times(k):
    def wrap(f):
        @functools.wraps(f)
        def inner(*x):
            return k * f(*x)
        return inner
    return wrap
@times(2)
def measure():
    return 1
"""
SLOTS = """
class Box:
    __slots__ = ("k",)
BOX = Box()
BOX.k = 2
def measure():
    return BOX.k
"""
CHANGES = {
    "a decorator's argument": (DECORATOR, "@times(2)", "@times(3)"),
    "a decorator": (DECORATOR, "k * f", "k + f"),
    "slots": (SLOTS, "BOX.k = 2", "BOX.k = 3"),
    "a cached property": (
        "import functools\nclass A:\n    @functools.cached_property\n    def k(self):\n"
        "        return 2\ndef measure():\n    return A().k",
        "return 2",
        "return 3",
    ),
    "a dispatched function": (
        "import functools\n@functools.singledispatch\ndef f(x):\n    return 1\n@f.register\n"
        "def _(x: int):\n    return 2\ndef measure():\n    return f(1)",
        "return 2",
        "return 3",
    ),
    "a function in a library's object": (
        "import numpy as np\ndef f(x):\n    return x + 2\nF = np.vectorize(f)\n"
        "def measure():\n    return F(1)",
        "x + 2",
        "x + 3",
    ),
    "a method of a list's subclass": (
        "class L(list):\n    def k(self):\n        return 2\nX = L()\n"
        "def measure():\n    return X.k()",
        "return 2",
        "return 3",
    ),
    "what is missing in a dict": (
        "from collections import defaultdict\nX = defaultdict(lambda: 2)\n"
        "def measure():\n    return X[1]",
        ": 2",
        ": 3",
    ),
    "which of two lists is met again": (
        "A, B = [1], [2]\ndef measure(x=(A, B, A)):\n    return x[2][0]",
        "B, A)",
        "B, B)",
    ),
    "a class attribute that a method assigns": (
        "class A:\n    k = 1\n    def set(self):\n        self.k = 5\nA.k = 2\n"
        "def measure():\n    return A.k",
        "A.k = 2",
        "A.k = 3",
    ),
    "a metaclass": (
        "class M(type):\n    def k(cls):\n        return 2\nclass A(metaclass=M):\n    pass\n"
        "def measure():\n    return A.k()",
        "return 2",
        "return 3",
    ),
    "arguments that are taken together": (
        "def f(*x):\n    return len(x)\ndef measure():\n    return f((1, 2))",
        "*x",
        "x",
    ),
}
IMPORTS = {
    "a module in a package": "import pack_of_mine.part\ndef measure():\n"
    "    return pack_of_mine.part.f()",
    "an import in a function": "def measure():\n    from pack_of_mine.part import f\n"
    "    return f()",
    "a name that is a text": "from pack_of_mine import part\ndef measure():\n"
    "    return getattr(part, 'f')()",
}


@pytest.fixture
def told(monkeypatch):
    """Returns a function of a module's text: what is told of `measure`, and what it returns."""

    def read(text):
        module = types.ModuleType("mine_of_mine")
        module.__file__ = "/mine_of_mine.py"
        monkeypatch.setitem(sys.modules, "mine_of_mine", module)
        exec(text, vars(module))
        described, unknown = value_and_code(module.measure)
        return described, unknown, module.measure()

    return read


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_told(told, change):
    text, old, new = CHANGES[change]
    assert old in text
    first, again, changed = told(text), told(text), told(text.replace(old, new))
    assert first == again
    assert first[1] == changed[1] == []
    assert first[2] != changed[2]
    assert first[0] != changed[0]


@pytest.mark.parametrize("way", IMPORTS)
def test_a_change_elsewhere_is_told(told, way, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found = []
    for number in (1, 2):
        (tmp_path / "pack_of_mine").mkdir(exist_ok=True)
        (tmp_path / "pack_of_mine" / "__init__.py").touch()
        part = tmp_path / "pack_of_mine" / "part.py"
        part.write_text(f"def f():\n    return {number}\n", encoding="utf-8")
        for name in ("pack_of_mine", "pack_of_mine.part"):
            sys.modules.pop(name, None)
        found.append(told(IMPORTS[way]))
    for name in ("pack_of_mine", "pack_of_mine.part"):
        sys.modules.pop(name, None)
    assert [number for *_, number in found] == [1, 2]
    assert found[0][0] != found[1][0]


@pytest.mark.parametrize("text", ["os.environ['HOME']", "globals()['os']", "np.load('a.npy')"])
def test_what_is_not_seen_is_said(text, monkeypatch):
    module = types.ModuleType("mine_of_mine")
    module.__file__ = "/mine_of_mine.py"
    monkeypatch.setitem(sys.modules, "mine_of_mine", module)
    exec(f"import os\nimport numpy as np\ndef measure():\n    return {text}", vars(module))
    (sentence,) = value_and_code(module.measure)[1]
    assert "is not seen" in sentence


def test_an_enumeration_and_methods_of_built_in_kinds_are_known(told):
    text = "import enum\nclass E(enum.Enum):\n    A = 1\nUP = str.upper\n"
    _, unknown, _ = told(f"{text}def measure():\n    return UP('a'), E.A.value")
    assert unknown == []


def test_a_set_of_texts_is_told_alike_in_every_process():
    code = compile("x in {'a', 'b', 'c', 'd'}", "mine", "eval")
    assert "frozenset([\"'a'\", \"'b'\", \"'c'\", \"'d'\"])" in instructions(code)[1]
