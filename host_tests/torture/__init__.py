"""Faults of every kind, tried one by one: `python -m torture --help`, and faults.py for how a class is written."""

CLASSES = ("power", "heap", "exceptions", "flash", "server", "clock", "records", "fuzz", "orphans")
