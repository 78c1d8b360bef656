"""What the wheel installs: `enroll_tools.provision`, `enroll_tools.sandbox`, and the files for boards.

In a checkout the two are packages of their own, `provision` and `sandbox`.
"""
