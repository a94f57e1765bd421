"""Validate a crate with rocrate-validator, without the network: `python validate_crate.py CRATE CACHE`.

It needs the packages roc-validator and rocrate 0.9.0, of which this project needs neither. rocrate 0.9.0 carries the
JSON-LD context of RO-Crate 1.1, the one address that the validator asks for.
"""

import io
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from requests.adapters import BaseAdapter, HTTPAdapter
from requests_cache import CachedSession
from urllib3 import HTTPResponse

ADDRESS = "https://w3id.org/ro/crate/1.1/context"
CONTEXT = Path(str(distribution("rocrate").locate_file("rocrate/data/ro-crate.jsonld")))


class Carried(BaseAdapter):
    """Answers every request with the context."""

    def send(self, request, **_):
        headers = {"Content-Type": "application/ld+json"}
        raw = HTTPResponse(io.BytesIO(CONTEXT.read_bytes()), headers, status=200, preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self):
        pass


crate, cache = sys.argv[1:]
session = CachedSession(cache, expire_after=-1)
session.mount("https://", Carried())
session.get(ADDRESS).raise_for_status()
options = ["--offline", "--cache-path", cache, "--profile-identifier", "workflow-run-crate", "--no-paging", "--verbose"]
validator = Path(sys.executable).with_name("rocrate-validator")
sys.exit(subprocess.run([validator, "-y", "--disable-color", "validate", *options, crate], check=False).returncode)
