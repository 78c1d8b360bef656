"""What enroll makes of descriptions of `rest`; under CPython or MicroPython, where it is a program: cases on stdin."""

import json
import sys

import enroll.providers.rest as rest
from enroll.config import Config
from enroll.errors import EnrollError
from enroll.providers import Answer

URL = "http://localhost"


class Random:
    """Stands for the module os."""

    def __init__(self, nonce):
        self._nonce = bytes.fromhex(nonce)

    def urandom(self, size):
        return self._nonce


def execute(case):
    """The requests, and the outcome: what the credential is, or the kind of the error."""
    rest.os = Random(case["nonce"])
    rest.clock = lambda: case["now"]
    requests = []
    try:
        config = Config({"provider": "rest", "url": URL, "rest": case["section"]})
        task = rest.register(config, case["now"])
        request = task.send(None)
        for status, headers, body in case["answers"]:
            target = request.url[len(URL) :]
            requests.append([request.method, target, dict(request.headers), str(request.body, "utf-8")])
            answer = Answer(status, body.encode())
            answer.request, answer.cut = request, None
            answer.headers = {name.lower(): headers[name] for name in headers}
            answer.pending = rest.pending(config, answer)
            if request.credential and not answer.pending:
                credential = rest.parse(config, answer)
                return requests, [credential.device_id, credential.secret.reveal(), credential._extra]
            request = task.send(answer)
            while not hasattr(request, "method"):
                request = task.send(None)
        return requests, "pending"
    except EnrollError as error:
        return requests, error.kind


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(execute(json.loads(line))))
