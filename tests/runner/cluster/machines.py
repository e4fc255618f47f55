"""A Ray cluster of several "machines" on the loopback range, for tests that end some of them."""

import contextlib
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from zoo.runner.cluster.connection import SETTINGS

ROOT = Path(__file__).parents[3]
PATIENCE = 120


def free_port(address):
    with socket.create_server((address, 0)) as server:
        return server.getsockname()[1]


class Machines:
    """Machines with one place each: 127.0.0.2, which is the head, 127.0.0.3, and so on.

    Args:
        folder: Where Ray writes; its path must be short.
        head: The address of the head; those of the others differ in the last number.
        elsewhere: The name of the network in which all but the head start, if not in this one.
    """

    def __init__(self, folder, head="127.0.0.2", elsewhere=""):
        self.token = secrets.token_hex(32)
        self.address = f"{head}:{free_port(head)}"
        self._net = head.rpartition(".")[0]
        self._elsewhere = ["ip", "netns", "exec", elsewhere] if elsewhere else []
        self._folder = folder
        self._processes = {}
        self._environment = {
            **os.environ,
            **SETTINGS,
            "RAY_AUTH_TOKEN": self.token,
            "PYTHONPATH": str(ROOT),
        }

    def start(self, number):
        """Starts a machine and returns its address."""
        address = f"{self._net}.{number}"
        where, network = [f"--address={self.address}"], self._elsewhere
        if not self._processes:
            port = self.address.partition(":")[2]
            where = ["--head", f"--port={port}", "--include-dashboard=false"]
            where += [f"--temp-dir={self._folder}"]
            network = []
        ray = Path(sys.executable).with_name("ray")
        command = [*network, ray, "start", *where, f"--node-ip-address={address}", "--num-cpus=1"]
        command += ["--block", "--object-store-memory=100000000"]
        with (self._folder.parent / f"said-{number}.txt").open("wb") as said:
            self._processes[address] = subprocess.Popen(
                command, env=self._environment, stdout=said, stderr=said, cwd=self._folder
            )
        host, _, port = self.address.partition(":")
        for _ in range(10 * PATIENCE):
            try:
                socket.create_connection((host, int(port)), 1).close()
                return address
            except OSError:
                time.sleep(0.1)
        raise TimeoutError(self.address)

    def tree(self, address):
        """Returns the processes of a machine."""
        root = psutil.Process(self._processes[address].pid)
        return [root, *root.children(recursive=True)]

    def workers(self, address):
        """Returns the processes of a machine that train, or have."""
        return [each for each in self.tree(address) if "ray::train" in " ".join(each.cmdline())]

    def wait_for(self, count):
        """Waits until so many machines are there, for whoever is connected."""
        import ray

        for _ in range(10 * PATIENCE):
            if sum(node["Alive"] for node in ray.nodes()) == count:
                return
            time.sleep(0.1)
        raise TimeoutError(count)

    def wait_for_end(self, address):
        """Waits until a machine has ended by itself."""
        self._processes[address].wait(PATIENCE)

    def signal(self, address, what=signal.SIGKILL):
        """Sends all processes of a machine a signal."""
        for process in self.tree(address):
            try:
                process.send_signal(what)
            except psutil.NoSuchProcess:
                continue

    def forget(self, address):
        """Ends a machine for good."""
        self.signal(address)
        self._processes.pop(address).wait()

    @contextlib.contextmanager
    def random_kills(self, count):
        """Kills processes, and machines that have just joined, at random moments.

        Yields what says whether there are kills to come; in the end there were as many as said.
        """
        moments, kills, over = random.Random(0), [], threading.Event()

        def kill():
            number = 10
            while len(kills) < count and not over.wait(moments.uniform(1.0, 5.0)):
                if moments.random() < 0.7:
                    found = [*self.workers("127.0.0.2"), *self.workers("127.0.0.3")]
                    if not found:
                        continue
                    moments.choice(found).kill()
                else:
                    address = self.start(number)
                    time.sleep(moments.uniform(2.0, 6.0))
                    self.forget(address)
                    number += 1
                kills.append(time.monotonic())

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            yield thread.is_alive
        finally:
            over.set()
            thread.join()
        assert len(kills) == count

    def end(self):
        for address in self._processes:
            try:
                self.signal(address)
            except psutil.NoSuchProcess:
                continue
        for process in self._processes.values():
            process.wait()
