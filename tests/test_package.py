"""What `pip install .` packs."""

import re
import shutil
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import zoo

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("zoo", "callbacks", "experiments")


def requirement(line):
    """Returns the name and the rest of a requirement."""
    name, rest = re.fullmatch(r"([A-Za-z0-9_-]+)(.*)", line.partition("#")[0].strip()).groups()
    return name.lower(), rest


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Returns the names of the files in a wheel that is built of a copy, without the network."""
    backend = pytest.importorskip("setuptools.build_meta", reason="setuptools is not installed")
    needed = PROJECT["build-system"]["requires"][0].partition(">=")[2]
    there = metadata.version("setuptools")
    if int(there.partition(".")[0]) < int(needed):
        pytest.skip(f"building needs setuptools {needed}; there is {there}")
    copy = tmp_path_factory.mktemp("package")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copy)
        patch.setattr("sys.argv", ["setup.py"])
        wheel = backend.build_wheel(str(copy / "dist"))
    with zipfile.ZipFile(copy / "dist" / wheel) as archive:
        return archive.namelist()


def test_all_that_the_packages_hold_is_packed(packed):
    own = [path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file()]
    expected = {
        path.relative_to(ROOT).as_posix() for path in own if "__pycache__" not in path.parts
    }
    assert {name for name in packed if ".dist-info/" not in name} == expected
    assert {"zoo/catalogue.csv", "zoo/report/templates/page.html.j2"} <= expected


def test_the_command_is_that_of_the_module(packed):
    assert any(name.endswith(".dist-info/entry_points.txt") for name in packed)
    assert PROJECT["project"]["scripts"] == {"zoo": "zoo.commands.app:main"}


def test_ranges_hold_what_is_tested():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(requirement(line) for line in lines if not line.startswith("#"))
    ranges = dict(map(requirement, PROJECT["project"]["dependencies"]))
    assert set(ranges) <= set(pins)
    for name, bounds in ranges.items():
        tested = [int(part) for part in re.findall(r"\d+", pins[name])]
        for sign, bound in re.findall(r"(>=|<)([\d.]+)", bounds):
            limit = [int(part) for part in bound.split(".")]
            assert (tested >= limit) if sign == ">=" else (tested < limit), name


def test_the_version_is_said_once():
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "zoo.__version__"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", zoo.__version__)
