"""Anki's collection on SQLite, synced with the server that Anki brings along: notes instead of records."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from anki.collection import Collection

# What a sync asks for that can only be done whole, one way.
FULL = 2


def took(work):
    """Milliseconds that something took."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e3


def begin_server(port):
    """Starts the server and waits until it listens."""
    Path("data/server").mkdir(parents=True, exist_ok=True)
    settings = {
        "SYNC_USER1": "bench:bench",
        "SYNC_HOST": "127.0.0.1",
        "SYNC_PORT": str(port),
        "SYNC_BASE": os.path.abspath("data/server"),
        "RUST_LOG": "error",
    }
    serving = subprocess.Popen([sys.executable, "-m", "anki.syncserver"], env={**os.environ, **settings})
    while serving.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return serving
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the server ended by itself ({serving.returncode})")


def joined(name, url):
    """A collection that has met the server once; a first meeting is always a full one."""
    Path(f"data/{name}").mkdir(parents=True, exist_ok=True)
    collection = Collection(f"data/{name}/collection.anki2")
    auth = collection.sync_login("bench", "bench", url)
    if name == "sender":
        add_note(collection, "seed", "seed")
    if collection.sync_collection(auth, False).required >= FULL:
        collection.close_for_full_sync()
        collection.full_upload_or_download(auth=auth, server_usn=None, upload=name == "sender")
        collection.reopen(after_full_sync=True)
    return collection, auth


def add_note(collection, front, back):
    note = collection.new_note(collection.models.by_name("Basic"))
    note["Front"], note["Back"] = front, back
    collection.add_note(note, 1)


def main():
    records, server, client = (int(argument) for argument in sys.argv[1:4])
    serving = begin_server(server)
    try:
        url = f"http://127.0.0.1:{client}/"
        sender, auth = joined("sender", url)
        receiver, its_auth = joined("receiver", url)
        body = "Waited at the lane, papers seen at the window. " * 7

        def write():
            for at in range(records):
                add_note(sender, f"CSQU{at:07} driver {at}", body)

        figures = {
            "records": records,
            "write_ms": took(write),
            "push_ms": took(lambda: sender.sync_collection(auth, False)),
            "pull_ms": took(lambda: receiver.sync_collection(its_auth, False)),
            "arrived": receiver.note_count() - 1,
        }
        print(json.dumps(figures), flush=True)
    finally:
        serving.terminate()
        serving.wait()


main()
