"""Hundreds of devices that boot at once, for real, as processes.

members.py has the devices, served.py their sandbox, scene.py what happens, records.py what it has shown.
"""
