"""A local server that stands in for the home of a data set of torchvision."""

import hashlib
import http.server
import threading
from collections import Counter
from contextlib import contextmanager


@contextmanager
def mirrored(monkeypatch, kind, home):
    """Let a class of torchvision download from a folder, and count how often each file is given.

    The checksums are those of the files in the folder, since torchvision's are those of the originals.
    """
    given = Counter()

    class Counting(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(home))

        def do_GET(self):
            given[self.path] += 1
            super().do_GET()

        def log_message(self, *_args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(kind, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    sums = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in home.iterdir()}
    monkeypatch.setattr(kind, "resources", [(name, sums[name]) for name, _ in kind.resources])
    try:
        yield given
    finally:
        server.shutdown()
