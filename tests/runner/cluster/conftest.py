import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def machines():
    """Returns a Ray cluster of two machines with a place each; its token is in the environment."""
    pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")
    from machines import Machines

    # Sockets lie in it, so its path is short.
    folder = Path(tempfile.mkdtemp(prefix="zoo", dir="/tmp"))
    (folder / "ray").mkdir()
    found = Machines(folder / "ray")
    try:
        found.start(2)
        found.start(3)
        os.environ["RAY_AUTH_TOKEN"] = found.token
        yield found
    finally:
        os.environ.pop("RAY_AUTH_TOKEN", None)
        found.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(machines):
    """Returns a connection to both machines, whose processes stay warm for all tests."""
    from zoo.errors import ZooError
    from zoo.runner.cluster.connection import Cluster

    with Cluster(None, machines.address) as connected:
        for _ in range(120):
            with contextlib.suppress(ZooError):
                connected.connect()
                break
            time.sleep(0.5)  # its machines have not told it yet that they are there
        machines.wait_for(2)
        yield connected
