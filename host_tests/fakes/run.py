"""Run by MicroPython: `run.py FILE TEST...` prints, for each test, a line of "@result " and JSON [name, traceback]."""

import gc
import io
import json
import sys


def run(test):
    """The traceback of `test()`, empty if it passes."""
    try:
        test()
        return ""
    except BaseException as error:
        text = io.StringIO()
        sys.print_exception(error, text)
        return text.getvalue()


folder, _, file = sys.argv[1].rpartition("/")
sys.path.insert(0, folder)
module = __import__(file.replace(".py", ""))
helpers = __import__("helpers")
for name in sys.argv[2:]:
    gc.collect()
    result = run(getattr(module, name))
    print("\n@result " + json.dumps([name, result]))
    helpers.clear()
