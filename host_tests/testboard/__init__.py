"""Tries the library on a real board, below a folder of its own, and writes down what was shown. `make test-board`."""
