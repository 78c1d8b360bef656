"""What a first boot spends flash, heap and time on: `make profile` writes docs/profile.md.

flash.py takes the .mpy files apart. boots.py boots devices that device/driver.py watches; heap.py and times.py read
what it prints. page.py writes the tables, draw.py the pictures. The package is not called `profile`, since a module
of CPython is.
"""
