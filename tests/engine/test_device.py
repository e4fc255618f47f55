"""The import of Keras: which device, and what is printed meanwhile."""

import subprocess
import sys

import pytest

from zoo.engine.device import import_keras
from zoo.errors import ZooError


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
