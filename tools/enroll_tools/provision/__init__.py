"""Puts enroll on boards: checks the configuration, copies what is missing, runs the first boot, says how it went."""
