"""Tests of `provision`, with genuine mpremote on boards that are ptys."""
