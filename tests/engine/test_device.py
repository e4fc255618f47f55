"""The import of Keras: which device, and what is printed meanwhile."""

import gc
import os
import subprocess
import sys

import pytest

from zoo.engine import device as module
from zoo.engine.device import (
    bound,
    check_maps,
    compiled_by_jax,
    import_keras,
    only_new_garbage,
)
from zoo.errors import FullError, ZooError


@pytest.mark.parametrize("device", ["", "tpu", "gpu:", "gpu:x", "CPU"])
def test_unknown_device(device):
    with pytest.raises(ZooError, match="`--device` must be auto, cpu, gpu or gpu:N"):
        import_keras(device)


def test_gpu_asked_for_and_not_there(monkeypatch):
    import zoo.engine.device

    monkeypatch.setattr(zoo.engine.device, "on_processor", lambda: True)
    with pytest.raises(ZooError, match="needs a GPU"):
        import_keras("gpu:1")


@pytest.mark.slow
def test_nothing_is_printed_and_the_processor_is_taken():
    script = (
        "from zoo.engine.device import import_keras\n"
        "import_keras('cpu')\n"
        "from zoo.engine.device import device_name, on_processor\n"
        "assert on_processor()\n"
        "assert device_name().startswith('CPU')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_a_failing_import_says_why(tmp_path):
    (tmp_path / "keras.py").write_text("import sys\nprint('why', file=sys.stderr)\n1 / 0\n")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from zoo.engine.device import import_keras\n"
        "import_keras()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("why\n")
    assert "ZeroDivisionError" in done.stderr


def test_each_kind_of_processor_has_a_folder_for_what_jax_compiles(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said = {"model name": "Fast 1", "flags": "avx"}
    monkeypatch.setattr(module, "_cpuinfo", lambda field: said[field])
    folders = [compiled_by_jax()["JAX_COMPILATION_CACHE_DIR"]]
    for field, value in (("flags", "avx avx512"), ("model name", "Fast 2")):
        said[field] = value
        folders.append(compiled_by_jax()["JAX_COMPILATION_CACHE_DIR"])
    assert len(set(folders)) == 3
    assert all(folder.startswith(str(tmp_path / "experiment-zoo" / "jax-")) for folder in folders)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_where_jax_keeps_what_it_compiles_can_be_said_otherwise(tmp_path):
    script = (
        "import os\n"
        "from zoo.engine.device import import_keras\n"
        "import_keras()\n"
        "print(os.environ['JAX_COMPILATION_CACHE_DIR'])\n"
    )
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "mine")}
    command = [sys.executable, "-c", script]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(tmp_path / "mine")


def test_the_oldest_of_what_is_kept_goes_first(tmp_path):
    (tmp_path / "of xla").mkdir()
    os.utime(tmp_path / "of xla", (1, 1))
    for age, name in enumerate("cab"):
        (tmp_path / name).write_bytes(b"1234")
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    bound(tmp_path, 12)
    assert {file.name for file in tmp_path.iterdir()} == {"a", "b", "c", "of xla"}
    bound(tmp_path, 11)
    assert {file.name for file in tmp_path.iterdir()} == {"a", "c", "of xla"}
    bound(tmp_path, 3)
    assert [file.name for file in tmp_path.iterdir()] == ["of xla"]
    bound(tmp_path / "none", 0)


def test_a_folder_that_is_read_only_stays_as_it_is(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(path)

    (tmp_path / "a").write_bytes(b"1234")
    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    bound(tmp_path, 0)
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


@pytest.mark.slow
def test_only_the_folder_that_is_ours_is_bounded(tmp_path):
    script = (
        "from zoo.engine import device\n"
        "device.bound = lambda folder: print(folder)\n"
        "device.import_keras('cpu')\n"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    said = []
    for mine in ({}, {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "mine")}):
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, env=environment | mine, capture_output=True, text=True)
        said.append(done.stdout.strip())
    assert said[0].startswith(str(tmp_path / "experiment-zoo" / "jax-"))
    assert said[1] == ""


@pytest.mark.slow
def test_nothing_is_looked_through_for_garbage_at_the_end_of_a_process_of_ours():
    script = (
        "import atexit, gc\n"
        "atexit.register(lambda: print(len(gc.get_objects())))\n"
        "from zoo.engine.device import import_keras\n"
        "import_keras('cpu', alone={alone})\n"
        "kept = [[] for _ in range(1000)]\n"
    )
    left = {}
    for alone in (False, True):
        command = [sys.executable, "-c", script.format(alone=alone)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        left[alone] = int(done.stdout)
    assert left[False] > 1000 > left[True]


def test_what_was_there_before_is_left_out_of_garbage_collection_for_a_while():
    frozen = gc.get_freeze_count()
    try:
        gc.unfreeze()
        with only_new_garbage():
            assert gc.get_freeze_count() > 0
            with only_new_garbage():
                pass
            assert gc.get_freeze_count() > 0  # the outer one is not over
        assert gc.get_freeze_count() == 0
    finally:
        if frozen:
            gc.freeze()


@pytest.mark.parametrize(
    ("maps", "most", "full"),
    [(899, None, False), (901, None, True), (501, 500, True), (500, 500, False)],
)
def test_a_process_with_hardly_any_memory_maps_left_compiles_no_more(monkeypatch, maps, most, full):
    monkeypatch.setattr("zoo.data.memory.memory_maps", lambda: (maps, 1000))
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    if not full:
        check_maps(most)
        return
    with pytest.raises(FullError, match=rf"has {maps} memory maps, and Linux allows 1,000"):
        check_maps(most)


def test_jax_is_told_to_forget_what_it_has_compiled(monkeypatch):
    left = [901, 100]

    class Jax:
        clear_caches = staticmethod(lambda: left.pop(0))

    monkeypatch.setattr("zoo.data.memory.memory_maps", lambda: (left[0], 1000))
    monkeypatch.setitem(sys.modules, "jax", Jax)
    check_maps()
    assert left == [100]
