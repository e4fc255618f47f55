import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# What is to be ended behind the last test of this folder: idle machines take their share, too.
RUNNING = contextlib.ExitStack()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    if nextitem is None or HERE not in nextitem.path.parents:
        RUNNING.close()


@pytest.fixture(scope="session")
def machines():
    """Returns a Ray cluster of two machines with a place each; its token is in the environment."""
    pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")
    from machines import Machines

    # Sockets lie in it, so its path is short.
    folder = Path(tempfile.mkdtemp(prefix="zoo", dir="/tmp"))
    RUNNING.callback(shutil.rmtree, folder, ignore_errors=True)
    (folder / "ray").mkdir()
    found = Machines(folder / "ray")
    RUNNING.callback(found.end)
    found.start(2)
    found.start(3)
    os.environ["RAY_AUTH_TOKEN"] = found.token
    RUNNING.callback(os.environ.pop, "RAY_AUTH_TOKEN", None)
    return found


@pytest.fixture(scope="session")
def cluster(machines):
    """Returns a connection to both machines, whose processes stay warm for all tests."""
    from zoo.errors import ZooError
    from zoo.runner.cluster.connection import Cluster

    connected = RUNNING.enter_context(Cluster(None, machines.address))
    for _ in range(120):
        with contextlib.suppress(ZooError):
            connected.connect()
            break
        time.sleep(0.5)  # its machines have not told it yet that they are there
    machines.wait_for(2)
    return connected
