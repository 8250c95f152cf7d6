#!/usr/bin/env bash
# tuspy 1.1.0 (PyPI), a client of the tus protocol for resumable uploads.
#
# `retries` is documented as the number of times the uploader retries after a failed attempt. It holds for the PATCH requests
# that carry bytes alone. The POST that creates the upload is tried once, whatever `retries` says: a server that answers 503
# once, as one does that restarts, ends the upload before it began. So a server that is busy for a moment must take the POST or
# hold it back, if such a client is to get through; whoever uses the client has to repeat `upload()` itself.
#
# Seen: 1 POST and an exception where the POST is refused once; 2 PATCH requests and a whole file where a PATCH is.
# Fails if either changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install tuspy==1.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

BYTES = b"0123456789"


class Server(BaseHTTPRequestHandler):
    """Speaks as much tus 1.0.0 as one upload needs, and answers the first request of one method with 503."""

    protocol_version = "HTTP/1.1"
    refused = None
    seen = Counter()
    held = b""

    def answer(self, status, **headers):
        self.send_response(status)
        for name, value in {"Tus-Resumable": "1.0.0", "Content-Length": "0", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def is_refused(self):
        Server.seen[self.command] += 1
        if self.command == Server.refused and Server.seen[self.command] == 1:
            self.answer(503, Retry_After="0")
            return True
        return False

    def do_POST(self):
        if not self.is_refused():
            self.answer(201, Location=f"http://127.0.0.1:{self.server.server_port}/one")

    def do_HEAD(self):
        Server.seen["HEAD"] += 1
        self.answer(200, Upload_Offset=str(len(Server.held)), Upload_Length=str(len(BYTES)))

    def do_PATCH(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_refused():
            Server.held += body
            self.answer(204, Upload_Offset=str(len(Server.held)))

    def log_message(self, *_):
        pass


def upload(refused):
    """What the server has seen and holds when the first request of that method is refused, and how the client ended."""
    Server.refused, Server.seen, Server.held = refused, Counter(), b""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = TusClient(f"http://127.0.0.1:{server.server_port}/")
    ended = "uploaded"
    try:
        client.uploader(file_stream=io.BytesIO(BYTES), chunk_size=len(BYTES), retries=5, retry_delay=0).upload()
    except TusCommunicationError as error:
        ended = f"failed with {error.status_code}"
    finally:
        server.shutdown()
    return ended, Server.seen, Server.held


print("tuspy", version("tuspy"))
for method in ("POST", "PATCH"):
    ended, seen, held = upload(method)
    print(f"the first {method} answered 503, retries=5: {ended}; POST {seen['POST']}, PATCH {seen['PATCH']}, held {held!r}")
    if method == "POST":
        assert (ended, seen["POST"], held) == ("failed with 503", 1, b""), "the POST is retried now"
    else:
        assert (ended, seen["PATCH"], held) == ("uploaded", 2, BYTES), "a PATCH is not retried now"
PYTHON
