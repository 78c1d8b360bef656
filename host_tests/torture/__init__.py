"""Faults of every kind, tried one by one: `python -m torture --help`, and faults.py for how a class is written."""

CLASSES = ("power", "heap", "exceptions", "cancelled", "flash", "server", "clock", "records", "fuzz", "orphans")
