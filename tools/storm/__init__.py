"""A million devices that ask at once, and how fast each schedule brings them back: `make storm`.

schedules.py has the waits: ours are asked of the firmware's own code. fleet.py lets a fleet live by them, cases.py says
which fleets, page.py writes docs/storm.md, plots.py draws.
"""
