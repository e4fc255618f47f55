"""The user's modules are imported from what was sent, as if they lay where the sender has them."""

import importlib
import inspect
import sys

import pytest

from zoo.runner.cluster import parcel
from zoo.runner.cluster.parcel import Parcel, Source
from zoo.runs.code import is_users

TEXT = "from sent_package import part\n\n\nclass Mine:\n    number = {number} + part.NUMBER\n"


def sent(number):
    return {
        "sent_module": Source(
            "/not/here/sent_module.py", TEXT.format(number=number).encode(), False
        ),
        "sent_package": Source("/not/here/sent_package/__init__.py", b"", True),
        "sent_package.part": Source("/not/here/sent_package/part.py", b"NUMBER = 40\n", False),
    }


@pytest.fixture(autouse=True)
def forgotten():
    yield
    parcel.install({})
    assert not [name for name in sys.modules if name.startswith("sent_")]
    sys.meta_path.remove(parcel._modules)


def test_modules_need_not_lie_on_this_machine():
    assert parcel.install(sent(2))
    module = importlib.import_module("sent_module")
    assert module.Mine.number == 42
    assert is_users("sent_module")
    assert inspect.getsource(module.Mine).startswith("class Mine:\n    number = 2")
    assert inspect.getsourcefile(module.Mine) == "/not/here/sent_module.py"


def test_what_is_sent_anew_takes_the_place_of_what_was_sent():
    parcel.install(sent(2))
    first = importlib.import_module("sent_module")
    assert not parcel.install(sent(2))
    assert importlib.import_module("sent_module") is first
    assert parcel.install(sent(3))
    second = importlib.import_module("sent_module")
    assert second.Mine.number == 43
    assert "3" in inspect.getsource(second.Mine)


def test_modules_that_are_there_stay():
    own = sys.modules[__name__]
    parcel.install({__name__: Source("/not/here.py", b"", False), **sent(1)})
    assert importlib.import_module(__name__) is own


def test_the_user_s_modules_are_those_that_are_neither_a_library_s_nor_ours(tmp_path, monkeypatch):
    (tmp_path / "of_the_user.py").write_text("A = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("of_the_user")
    found = parcel.sources()
    assert found["of_the_user"] == Source(str(tmp_path / "of_the_user.py"), b"A = 1\n", False)
    assert not {name.partition(".")[0] for name in found} & {"zoo", "keras", "json", "experiments"}
    del sys.modules["of_the_user"]


def test_what_differs_is_said():
    own = parcel.versions()
    assert {"python", "keras", "numpy", "the zoo's code"} <= set(own)
    assert parcel.refusal(Parcel(b"", {}, own, "float32")) == ""
    other = Parcel(b"", {}, {**own, "keras": "2.0"}, "float32")
    assert parcel.refusal(other).startswith(f"differs in keras: {own['keras']} there, 2.0 here.")
    lacking = Parcel(b"", {}, {**own, "jax": "1"}, "float32")
    assert parcel.refusal(lacking).startswith("differs in jax: none there, 1 here.")
