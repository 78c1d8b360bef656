"""One attempt to register, on a board: nothing interrupts it while its outcome is unknown.

If this computer crashes, a person runs the command again, and its first bytes are Ctrl-C. So the board ignores Ctrl-C
while a request is open, and during every step of the task that makes the request, because one of them sends its first
byte. It can be interrupted between two steps if no request is open. While a request is open it says so twice a second,
see raw.py.
"""

from __future__ import annotations

from .answers import ASCII, Text
from .raw import HELD
from .snippets import Program

# as `main.py --once` on a computer: [exit status, sentence, provider, device id, Retry-After]
BOOT = Program(
    f"""
HELD = "{HELD} nothing interrupts it"
"""
    """
def held(real, interrupt, time):
    def steps(task, sent):
        act, value = task.send, None
        try:
            while True:
                interrupt(-1)
                try:
                    what = act(value)
                except StopIteration as end:
                    return end.value
                finally:
                    if not sent():
                        interrupt(3)
                try:
                    act, value = task.send, (yield what)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    act, value = task.throw, error
        finally:
            task.close()
    def run(task, feed, sleep, owner=None):
        said = time.ticks_ms()
        def sent():
            return getattr(owner, "sent", False)
        def fed():
            nonlocal said
            now = time.ticks_ms()
            if sent() and time.ticks_diff(now, said) > 500:
                said = now
                print(HELD)
            return feed()
        try:
            return real(steps(task, sent), fed, sleep, owner)
        finally:
            interrupt(3)
    return run
def main():
    import main as firmware
    import micropython, time
    from enroll import tasks
    tasks.run = held(tasks.run, getattr(micropython, "kbd_intr", tasks.ignore), time)
    asked = []
    real = firmware.register
    def register(*values):
        try:
            return real(*values)
        except firmware.enroll.EnrollError as error:
            asked.append(error.retry_after)
            raise
    firmware.register = register
    status, text, found = firmware.boot("enroll.json", True)
    credential = found and found[2]
    names = [credential.provider, credential.device_id] if credential else ["", ""]
    return [status, text] + names + [asked and asked[0] or 0]
""",
    (int, Text(1000), ASCII, ASCII, int),
    once=True,
)
