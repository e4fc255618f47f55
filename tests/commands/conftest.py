"""What the tests of the commands share: results of `tiny`, and how wrong words are refused."""

import shutil

import pytest

from zoo.results import tables
from zoo.results.store import Store
from zoo.results.summary import summarise


@pytest.fixture
def content():
    """Returns a function that reads all files of a folder, by their paths in it."""

    def read(folder):
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    return read


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """Returns where the results that every test gets a copy of are kept, once one has made them."""
    return tmp_path_factory.mktemp("kept") / "results"


@pytest.fixture
def results(tmp_path, spec, make_result, kept):
    """Returns a results folder with the store, tables and declaration of `tiny`."""
    if not kept.is_dir():
        runs = [
            make_result(variant, rate, seed, test_accuracy=seed % 7 / 7, val_accuracy=0.5 + rate)
            for variant in ("relu", "tanh")
            for rate in (0.01, 0.1, 0.03)
            for seed in range(60)
        ]
        with Store(kept) as store:
            for run in runs:
                store.add("tiny", run)
        tables.write(kept / "tiny", spec, summarise(runs, ["relu", "tanh"], "relu"))
    return shutil.copytree(kept, tmp_path / "results")


@pytest.fixture
def refuses(zoo, results, content):
    """Returns a function that runs wrong words: code 2, a short message, no harm; the message."""

    def run(*words, store=True):
        before = content(results)
        code, out, err = zoo(*words, *(["--results", results] if store else []))
        assert code == 2, err
        assert out == ""
        assert err.startswith("Error: ")
        assert 1 <= len(err.splitlines()) <= 2
        assert "Traceback" not in out + err
        assert content(results) == before
        return err

    return run
