"""A board without hardware: MicroPython's unix port on a pty, with a flash that lasts."""
