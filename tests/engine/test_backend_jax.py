"""Populations on JAX: the tests of this folder that show how one equals `fit`, run on it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from population_case import BACKEND

HERE = Path(__file__).parent
EQUALITY = "dropout_and_batch or momentum_equals or adam or functional or penalised or random"
LIFE = "stopping_and or diverging or see_and_change or waited"


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "tensorflow", reason="this is the run on JAX")
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_on_jax_a_population_equals_fit():
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    files = sorted(map(str, HERE.glob("test_population*.py")))
    words = [*files, "-k", f"{EQUALITY} or {LIFE}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=HERE.parents[1],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
