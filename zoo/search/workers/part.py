"""Who a process is in a search by several: alone, the chief or a worker. Needs no Keras.

The words are keras-tuner's own: `KERASTUNER_TUNER_ID` (the chief's contains `chief`),
`KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT`. Whoever sets them starts every process himself;
without them, the chief starts workers on its own machine.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import ZooError, check_count

TUNER_ID, IP, PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"
PATIENCE = "ZOO_PATIENCE"
LOCALHOST = "127.0.0.1"
# How long chief and workers wait for each other's first word: a machine may be in a queue.
PATIENCE_SECONDS = 600.0
# A worker that the chief starts finds it there.
OWN_PATIENCE_SECONDS = 30.0
ENVIRONMENT = {
    # Else the first process that looks at a GPU takes all of its memory.
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    # What goes wrong between chief and worker is said by them, in words.
    "GRPC_VERBOSITY": "NONE",
}
GPU_QUERY = ("nvidia-smi", "--query-gpu=index", "--format=csv,noheader")


@dataclass(frozen=True)
class Part:
    """A process's part in a search.

    Attributes:
        name: `alone`, `chief`, or a worker's own name.
        workers: How many workers there are to be, at least 1.
        address: The chief's, `IP:PORT`; empty if the chief may choose its port and starts workers.
        patience: Seconds that chief and workers wait for each other's first word.
    """

    name: str = "alone"
    workers: int = 1
    address: str = ""
    patience: float = PATIENCE_SECONDS

    @property
    def is_alone(self) -> bool:
        """Whether it does everything by itself."""
        return not self.is_chief and not self.is_worker

    @property
    def is_chief(self) -> bool:
        """Whether it deals the runs out to workers."""
        return "chief" in self.name

    @property
    def is_worker(self) -> bool:
        """Whether it trains what a chief gives it."""
        return bool(self.address) and not self.is_chief


def part_of(workers: int, environment: Mapping[str, str]) -> Part:
    """Returns this process's part in a search.

    Args:
        workers: As given with `--workers`.
        environment: The environment's variables.

    Raises:
        ZooError: If there is no worker, or some of keras-tuner's variables are missing.
    """
    check_count("--workers", workers)
    if IP not in environment:
        return Part("chief" if workers > 1 else "alone", workers)
    if missing := [name for name in (TUNER_ID, PORT) if not environment.get(name)]:
        raise ZooError(
            f"With {IP} the variable {missing[0]} must be set, too, on every machine. "
            f"Received: {IP}={environment[IP]} alone. Set it, or unset {IP}."
        )
    patience = environment.get(PATIENCE, str(PATIENCE_SECONDS))
    try:
        seconds = float(patience)
    except ValueError:
        raise ZooError(f"{PATIENCE} must be a number of seconds. Received: {patience!r}") from None
    address = f"{environment[IP]}:{environment[PORT]}"
    return Part(environment[TUNER_ID], workers, address, seconds)


def gpus(environment: Mapping[str, str]) -> list[str]:
    """Returns the GPUs that a process may use, as `CUDA_VISIBLE_DEVICES` names them."""
    listed = environment.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        try:
            asked = subprocess.run(GPU_QUERY, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return []  # no NVIDIA driver, so no GPU
        listed = ",".join(asked.stdout.split())
    found = []
    for name in filter(None, map(str.strip, listed.split(","))):
        if name.startswith("-"):
            break  # as CUDA reads it: what follows a wrong number is hidden
        found.append(name)
    return found


def environment_of(
    number: int, port: int, found: Sequence[str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Returns the environment of a worker that the chief starts.

    Args:
        number: Which one, counted from 0. Workers take the GPUs in turns.
        port: The chief's port on this machine.
        found: The GPUs, as `gpus` returns them.
        environment: The chief's.
    """
    own = {TUNER_ID: name_of(number), IP: LOCALHOST, PORT: str(port)}
    own[PATIENCE] = str(OWN_PATIENCE_SECONDS)
    if len(found) > 1:
        own["CUDA_VISIBLE_DEVICES"] = found[number % len(found)]
    return {**environment, **own}


def name_of(number: int) -> str:
    """Returns the name of a worker that the chief starts, counted from 0."""
    return f"worker{number + 1}"


def start(environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Starts this very command again in another environment; its errors go into a file."""
    command = [sys.executable, "-m", "zoo", *sys.argv[1:]]
    with log.open("wb") as errors:
        return subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
