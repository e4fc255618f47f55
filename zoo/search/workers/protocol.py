"""The protocol of keras-tuner's chief and workers. Only this module imports keras-tuner's insides.

Its own chief waits for ever for a worker that has died, and its workers spin while they are told to
be idle. So only the messages are keras-tuner's; server and client are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent import futures
from typing import Any

import grpc

from zoo.errors import ZooError
from zoo.search.workers.part import IP, PORT

try:
    from keras_tuner.src import protos
    from keras_tuner.src.distribute.oracle_chief import OracleServicer
    from keras_tuner.src.engine.hyperparameters import HyperParameters
    from keras_tuner.src.engine.trial import Trial
except ImportError as error:
    raise ZooError(
        f"Workers need keras-tuner 1.4: pip install -r requirements.txt ({error})"
    ) from error

RUNNING, IDLE, STOPPED, COMPLETED = "RUNNING", "IDLE", "STOPPED", "COMPLETED"
SERVER_THREADS = 4
SIZES = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
# Two chiefs must not share a port without knowing.
SERVER_OPTIONS = [*SIZES, ("grpc.so_reuseport", 0)]
CLIENT_OPTIONS = [*SIZES, ("grpc.max_reconnect_backoff_ms", 1000)]


def trial_of(key: str, status: str, values: Mapping[str, Any] | None = None) -> Any:
    """Returns one of keras-tuner's trials, with numbers and texts as values."""
    hyperparameters = HyperParameters()
    hyperparameters.values = dict(values or {})
    return Trial(hyperparameters, key, status)


def serve(oracle: Any, address: str) -> tuple[Any, int]:
    """Starts a server that answers workers.

    Args:
        oracle: What it asks: an object with `create_trial`, `update_trial` and `end_trial`, which
            several threads call.
        address: `IP:PORT`; port 0 takes a free one.

    Returns:
        The server and its port.

    Raises:
        ZooError: If it cannot listen there.
    """
    server = grpc.server(futures.ThreadPoolExecutor(SERVER_THREADS), options=SERVER_OPTIONS)
    protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(oracle), server)
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        raise ZooError(
            f"The chief cannot listen at {address}. Set {IP} to an address of this machine and "
            f"{PORT} to a port that is free."
        ) from None
    server.start()
    return server, port


class Line:
    """A client's line to a server, which need not be there yet.

    Every call waits for up to `seconds` and raises ZooError if there is no answer.

    Args:
        address: The server's, `IP:PORT`.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        channel = grpc.insecure_channel(address, options=CLIENT_OPTIONS)
        self._stub = protos.get_service_grpc().OracleStub(channel)

    def create_trial(self, tuner_id: str, seconds: float) -> Any:
        """Returns the trial that the server gives."""
        request = protos.get_service().CreateTrialRequest(tuner_id=tuner_id)
        return Trial.from_proto(self._call("CreateTrial", request, seconds).trial)

    def update_trial(self, key: str, seconds: float) -> Any:
        """Returns the trial as the server sees it."""
        request = protos.get_service().UpdateTrialRequest(trial_id=key)
        return Trial.from_proto(self._call("UpdateTrial", request, seconds).trial)

    def end_trial(self, trial: Any, seconds: float) -> None:
        """Ends a trial."""
        request = protos.get_service().EndTrialRequest(trial=trial.to_proto())
        self._call("EndTrial", request, seconds)

    def _call(self, name: str, request: Any, seconds: float) -> Any:
        try:
            return getattr(self._stub, name)(request, wait_for_ready=True, timeout=seconds)
        except grpc.RpcError as error:
            raise ZooError(
                f"The chief at {self._address} has not answered within {seconds:.0f} s "
                f"({error.code().name}). Start it first; what has ended is stored there."
            ) from None
