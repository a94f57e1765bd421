"""Run programs of the workflow, and write down which functions of the package they call and which files they open.

``python traced.py JOBS.json TRACES.json`` in the folder of a study. A job is the list of words that stand after
``python -m repdrift.stages``. Each runs in a process of its own, which is forked from one that has imported the
libraries: so what the package calls while it is imported is seen, and torch is imported once.
"""

import inspect
import json
import os
import runpy
import sys
import threading
from pathlib import Path

import pandas  # noqa: F401
import scipy.stats  # noqa: F401
import seaborn  # noqa: F401
import torch  # noqa: F401

LIBRARY = str(Path("workflow/repdrift").resolve())


def trace(words):
    """Run a program, and give what it has used.

    These are file, first line and name of each function of the package that was called, and the paths of the files that
    Python has opened. Files that a library opens in a language other than Python are not seen.
    """
    found, opened = set(), set()

    def note_file(event, arguments):
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            opened.add(str(Path.cwd() / os.fsdecode(arguments[0])))

    sys.addaudithook(note_file)

    def note(frame, event, _):
        code = frame.f_code
        # Modules and bodies of classes are no functions.
        if event == "call" and code.co_filename.startswith(LIBRARY) and code.co_flags & inspect.CO_OPTIMIZED:
            found.add((code.co_filename, code.co_firstlineno, code.co_name))

    sys.argv = ["repdrift.stages", *words]
    sys.setprofile(note)
    threading.setprofile(note)
    try:
        runpy.run_module("repdrift.stages", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code:
            raise
    finally:
        sys.setprofile(None)
    return {"called": sorted(found), "opened": sorted(opened)}


def in_a_process(words, result):
    """Trace a program in a forked process."""
    process = os.fork()
    if process == 0:
        try:
            Path(result).write_text(json.dumps(trace(words)))
        finally:
            os._exit(0)
    os.waitpid(process, 0)
    return json.loads(Path(result).read_text())


if __name__ == "__main__":
    jobs, written = map(Path, sys.argv[1:])
    found = [in_a_process(words, f"{written}.{number}") for number, words in enumerate(json.loads(jobs.read_text()))]
    written.write_text(json.dumps(found))
