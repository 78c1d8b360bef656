"""Cumulocity: why the service gave the device no user. Loaded only then."""

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

REFUSALS = const("""
refused: register and accept this device in Device management
configuration:
401 bootstrap user or password wrong: correct `bootstrap_user` and `bootstrap_password`""")
