"""The server survives the loss of any worker: the Python package as it is installed."""
import os
import socket

from threadfault import Ready, stays_alive
from threadfault.pytest_plugin import each_thread


def ping():
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect("server.socket")
        return client.recv(5)


@each_thread("name=worker", [os.environ["SERVER"], "server.socket"], ready=Ready(listening="server.socket"))
def test_survives_the_loss_of_any_worker(threadfault_victim):
    threadfault_victim.target.kill(threadfault_victim.thread, how="vanish")
    assert ping() == b"hello"
    stays_alive(threadfault_victim.target, 0)
