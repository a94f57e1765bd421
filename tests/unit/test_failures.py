"""The errors of the jobs that failed in this run, one line each."""

import os
import time

from repdrift.machine.failures import print_failures


def test_each_failed_job_of_this_run_has_one_line(tmp_path, capsys):
    logs = tmp_path / "logs"
    texts = {
        "fine": "100 images\n",
        "refused": "reading\nerror: x.npz: X is int64: give uint8\n",
        "bug": "Traceback (most recent call last):\n  File ...\nKeyError: 'pool4'\n",
        "empty": "",
        "earlier": "error: this was mended\n",
    }
    for name, text in texts.items():
        (logs / name).mkdir(parents=True)
        (logs / name / "seed1.log").write_text(text)
    began = time.time() - 60
    os.utime(logs / "earlier" / "seed1.log", (began - 1, began - 1))
    print_failures([str(logs), str(tmp_path / "none")], began)
    assert capsys.readouterr().err.splitlines() == [
        "What failed:",
        f"  {logs}/bug/seed1.log: KeyError: 'pool4'",
        f"  {logs}/refused/seed1.log: error: x.npz: X is int64: give uint8",
    ]
    print_failures([str(logs / "fine")], began)
    assert capsys.readouterr().err == ""
