"""Tries the library on a real board, in a folder of its own, and records the results. `make test-board`."""
