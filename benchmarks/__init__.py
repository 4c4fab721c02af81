"""The benchmarks. `make bench` measures Pocket Pay and the reference backend in one run on one machine."""
