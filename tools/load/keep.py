"""Keeps many connections to a server open: arguments are its port and their number; prints how many it has served."""

import resource
import socket
import sys

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def main() -> None:
    """Open them all, ask on each, and ask once more when all are open."""
    port, number = int(sys.argv[1]), int(sys.argv[2])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    opened = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(number)]
    served = 0
    for turn in range(2):
        for connection in opened:
            connection.sendall(REQUEST)
            served += connection.recv(4096).startswith(b"HTTP/1.1 200") and turn
    print(served)


if __name__ == "__main__":
    main()
