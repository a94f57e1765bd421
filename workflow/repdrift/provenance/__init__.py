"""The provenance of results: sidecars, fingerprints of code, and the verification and adoption of both."""
