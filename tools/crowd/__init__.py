"""Hundreds of devices that boot at once, for real, as processes: the second half of `make storm`.

members.py has the devices, served.py their sandbox, scene.py what happens, records.py what it has shown. predict.py
asks the simulation of tools/storm, page.py writes both into docs/storm.md.
"""
