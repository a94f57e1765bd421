"""Which GPU a job takes: decided by locks, so no GPU is needed to see it."""

import os
import subprocess
import sys
from collections import Counter

TAKE = """
import os
from repdrift.machine.gpus import take_gpu
take_gpu()
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
input()
"""


class Taker:
    """A job that takes a GPU and keeps it until it is told to end."""

    def __init__(self, folder, gpus):
        environment = {**os.environ, "TMPDIR": str(folder), "CUDA_VISIBLE_DEVICES": gpus}
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def gpu(self):
        return self.process.stdout.readline().strip()

    def kill(self):
        self.process.kill()
        self.process.communicate()


def test_jobs_spread_over_the_gpus_and_take_the_place_of_one_that_died(tmp_path):
    jobs = [Taker(tmp_path, "0,1,GPU-3f") for _ in range(6)]  # at the same time
    try:
        taken = [job.gpu() for job in jobs]
        assert Counter(taken) == {"0": 2, "1": 2, "GPU-3f": 2}
        jobs[0].kill()
        jobs.append(Taker(tmp_path, "0,1,GPU-3f"))
        assert jobs[-1].gpu() == taken[0]
        # Another user of one GPU sees that alone.
        jobs.append(Taker(tmp_path, "1"))
        assert jobs[-1].gpu() == "1"
    finally:
        for job in jobs:
            job.kill()
