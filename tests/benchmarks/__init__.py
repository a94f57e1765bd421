"""Speed, error and memory of the library beside named peers, in one run: `make bench` writes docs/benchmarks.md."""
