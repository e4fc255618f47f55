"""A Ray cluster to train on: one that is started here, or one that is there."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from zoo.errors import ZooError, check_count
from zoo.runner.cluster.watch import watch

# Else the first process that looks at a GPU takes all of its memory.
GROWTH = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
SETTINGS = {
    **GROWTH,
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    # Ray's processes are as nice as the command is, where it would have them wait for all others.
    "RAY_worker_niceness": "0",
    # With Ray's own numbers nobody notices for minutes that a machine is frozen, or cut off.
    "RAY_grpc_client_keepalive_time_ms": "10000",
    "RAY_grpc_client_keepalive_timeout_ms": "10000",
    "RAY_health_check_period_ms": "3000",
    "RAY_health_check_timeout_ms": "5000",
    "RAY_health_check_failure_threshold": "3",
}
TOKEN = "RAY_AUTH_TOKEN"
REMEDY = (
    "Make a token with `ray get-auth-token --generate`,\n"
    "give it to every machine as RAY_AUTH_TOKEN, and start Ray there with RAY_AUTH_MODE=token."
)
# What every client asks first.
QUESTION = "/ray.rpc.NodeInfoGcsService/GetClusterId"
ALIVE = 0  # as Ray's messages say it
STORE_BYTES = 100 * 2**20
STORE_SHARE = 3  # times the data, as a store that is full writes to the disk
ANSWER_SECONDS = 5.0
KEPT = 2
REMOVALS, REMOVAL_SECONDS = 10, 0.1
# Sockets lie below Ray's folder, and their paths may have 107 letters.
LONGEST_FOLDER = 40
ROOT = Path(__file__).parents[3]


class Cluster:
    """Processes that train. Use it as a context manager; nothing is started before `connect`.

    Args:
        workers: How many processes may train at once; `None` for as many as the cluster has places.
        address: `HOST:PORT` of a cluster that is there; empty to start one here.

    Raises:
        ZooError: If Ray is missing, or a number or an address is wrong.
    """

    def __init__(self, workers: int | None = None, address: str = "") -> None:
        if workers is not None:
            check_count("--workers", workers)
        if find_spec("ray") is None:
            raise ZooError(
                "`--workers` and `--cluster` need Ray: pip install -r requirements-cluster.txt"
            )
        if address:
            _check(address)
        self.address = address
        self._workers = workers
        self._environment: dict[str, str | None] = {}
        self._folder = ""
        self._sent: dict[int, tuple[Any, Any]] = {}
        self._before: Any = None  # what SIGTERM did
        self._is_started = False  # or begins to be, so that it is to be ended
        self._watching: threading.Event | None = None

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def places(self) -> int:
        """How many processes train at once; of a cluster that is there, this connects."""
        if not self.address:
            return self._workers or 1
        self.connect()
        import ray

        there = int(ray.cluster_resources().get("GPU" if self._on_gpus() else "CPU", 0))
        return max(1, there if self._workers is None else min(there, self._workers))

    @property
    def is_limited(self) -> bool:
        """Whether fewer processes may train than the cluster has places."""
        return bool(self.address) and self._workers is not None

    def needs(self) -> dict[str, float]:
        """Returns what of a machine a process takes: a GPU if there are any, else a core."""
        import ray

        if not self._on_gpus():
            return {"num_cpus": 1}
        gpus = ray.cluster_resources()["GPU"]
        share = 1.0 if self.address else min(1.0, gpus / self.places)
        return {"num_cpus": 0, "num_gpus": share}

    def _on_gpus(self) -> bool:
        import ray

        wanted = os.environ.get("CUDA_VISIBLE_DEVICES") != "-1"
        return wanted and ray.cluster_resources().get("GPU", 0) >= 1

    def connect(self, data_bytes: int = 0) -> None:
        """Starts the cluster, or connects to the one that is there, unless that has been done.

        Args:
            data_bytes: Bytes of the data that are to be sent.

        Raises:
            ZooError: If there is none, or it does not let us in.
        """
        if self._environment:
            return
        self._set(SETTINGS)
        if _in_main_thread():
            self._before = signal.getsignal(signal.SIGTERM)
        try:
            if self.address:
                self._join()
            else:
                self._start(max(STORE_BYTES, STORE_SHARE * data_bytes))
        except BaseException:
            self.close()
            raise
        if _in_main_thread():
            # As Ctrl-C does: Ray would print a stack of C++.
            signal.signal(signal.SIGTERM, signal.default_int_handler)

    def _start(self, store_bytes: int) -> None:
        # Only who has this token may use it: Ray listens on all interfaces, whatever it is told.
        self._set({TOKEN: secrets.token_hex(32)})
        here = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        self._set({"PYTHONPATH": here})
        ray = _ray()
        folder = tempfile.gettempdir()
        folder = folder if len(folder) < LONGEST_FOLDER else "/tmp"
        self._folder = tempfile.mkdtemp(prefix="zoo", dir=folder)
        self._is_started = True
        with _in_words("Ray does not start"), _quietly():
            ray.init(
                "local",
                num_cpus=self.places,
                include_dashboard=False,
                object_store_memory=store_bytes,
                log_to_driver=False,
                logging_level=logging.ERROR,
                # Ray opens its folder to everybody; nobody else may look into the one around it.
                _temp_dir=str(Path(self._folder) / "r"),
            )

    def _join(self) -> None:
        _check_door(self.address)
        host = self.address.rpartition(":")[0]
        ray = _ray()
        remedy = f"Start Ray on this machine, too: ray start --address={self.address}"
        with _in_words(f"The cluster at {self.address} does not say what it has"):
            own = [machine for machine in _machines(self.address) if _is_here(machine)]
            if not own:
                raise ZooError(f"This machine is not part of the cluster. {remedy}")
        self._is_started = True
        with _in_words(f"No cluster at {self.address} lets us in", remedy), _quietly():
            ray.init(
                self.address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                # By which the others reach us; Ray would take that by which we reach the internet.
                _node_ip_address=host if host in own else own[0],
            )
        self._watching = watch(self.address)

    def lines(self) -> Iterator[str]:
        """Yields a line for each machine, and one for what may train at once; connects."""
        self.connect()
        import ray

        for node in sorted(ray.nodes(), key=lambda node: str(node["NodeManagerAddress"])):
            has = node["Resources"]
            kinds = [name.partition(":")[2] for name in has if name.startswith("accelerator_type:")]
            what = f"{has.get('CPU', 0):g} cores, {has.get('GPU', 0):g} GPUs {' '.join(kinds)}"
            memory = f"{has.get('memory', 0) / 1e9:.1f} GB"
            state = f"{what.strip()}, {memory}" if node["Alive"] else "gone"
            yield f"machine      {node['NodeManagerAddress'].ljust(15)} {state}"
        kind = "a GPU each" if self._on_gpus() else "a core each"
        yield f"at once      {self.places} processes, {kind}"

    def put(self, value: Any) -> Any:
        """Returns where a value lies in the cluster; the last few values are sent once."""
        import ray

        if id(value) not in self._sent:
            self._sent[id(value)] = value, ray.put(value)
            for old in list(self._sent)[:-KEPT]:
                del self._sent[old]  # Ray keeps it as long as somebody uses it
        return self._sent[id(value)][1]

    def close(self) -> None:
        """Ends what was started here, and leaves a cluster that was there as it is."""
        if self._watching is not None:
            self._watching.set()
            self._watching = None
        if self._is_started:
            self._is_started = False
            with _quietly():
                sys.modules["ray"].shutdown()
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
            self._before = None
        self._sent.clear()
        for name, value in self._environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        self._environment.clear()
        if self._folder:
            _remove(self._folder)
            self._folder = ""

    def _set(self, variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            self._environment.setdefault(name, os.environ.get(name))
            os.environ[name] = value


def _check(address: str) -> None:
    """Raises ZooError unless an address can be one, and there is a token."""
    port = address.rpartition(":")[2]
    if ":" not in address or "/" in address or not port.isdecimal():
        raise ZooError(f"`--cluster` must be HOST:PORT. Received: {address!r}")
    if not _token():
        raise ZooError(f"To use a cluster takes its token, and none is here. {REMEDY}")


def _token() -> str:
    """Returns the token, from where Ray takes it; empty if there is none."""
    if token := os.environ.get(TOKEN, ""):
        return token
    kept = os.environ.get(f"{TOKEN}_PATH") or Path.home() / ".ray" / "auth_token"
    return Path(kept).read_text(encoding="utf-8").strip() if Path(kept).is_file() else ""


def _check_door(address: str) -> None:
    """Raises ZooError unless a cluster is there that lets us in, and nobody without its token."""
    import grpc

    def opens(**words: Any) -> bool:
        with grpc.insecure_channel(address) as channel:
            try:
                channel.unary_unary(QUESTION)(b"", timeout=ANSWER_SECONDS, **words)
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                    return False
                raise ZooError(
                    f"No Ray cluster answers at {address} ({error.code().name.lower()}). Start it: "
                    f"ray start --head --port={address.rpartition(':')[2]}"
                ) from None
        return True

    if opens():
        raise ZooError(
            f"The cluster at {address} runs whatever anybody sends who reaches it, and is refused. "
            + REMEDY
        )
    if not opens(metadata=[("authorization", f"Bearer {_token()}")]):
        raise ZooError(
            f"The cluster at {address} has another token. Set {TOKEN} to that of its machines."
        )


def _machines(address: str) -> list[str]:
    """Returns the addresses of a cluster's machines; Ray would look for this one for a minute."""
    from ray import _raylet

    inside: Any = _raylet
    nodes = inside.GcsClient(address=address).get_all_node_info(timeout=ANSWER_SECONDS)
    return [node.node_manager_address for node in nodes.values() if node.state == ALIVE]


def _is_here(address: str) -> bool:
    """Returns whether an address is one of this machine."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _ray() -> Any:
    """Imports Ray, has it read the environment anew, and say nothing besides what we say."""
    import ray
    from ray import _raylet
    from ray._private import worker

    if ray.is_initialized():
        raise ZooError("Ray is connected already in this process. Call ray.shutdown() first.")
    inside: Any = _raylet
    inside.Config.initialize("")
    inside.AuthenticationTokenLoader.instance().reset_cache()
    worker.print_to_stdstream = lambda *_, **__: None  # twenty lines for each process that died
    return ray


@contextlib.contextmanager
def _in_words(what: str, remedy: str = "") -> Iterator[None]:
    """Raises what Ray raises as a ZooError of one line."""
    try:
        yield
    except Exception as error:
        if isinstance(error, ZooError):
            raise
        said = " ".join(str(error).split())[:200]
        raise ZooError(f"{what} ({type(error).__name__}: {said}). {remedy}".rstrip()) from error


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keeps what Ray warns of from those who did not start it."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _remove(folder: str) -> None:
    """Removes a folder into which processes that are ending may still write a moment."""
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(REMOVAL_SECONDS)
        if not Path(folder).exists():
            return


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
