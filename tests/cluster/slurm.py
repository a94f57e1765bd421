"""A real SLURM on this machine: a controller and two nodes, the second with a GPU. Root and slurm-wlm are needed."""

import os
import platform
import shutil
import stat
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
PATH = f"{os.environ['PATH']}:/usr/sbin"
NODES = {"n1": 17001, "n2": 17002}
SECONDS = 180  # that anything may take
# Where programs look for it if nothing is said; Snakemake's inner `srun` is told nothing.
SYSTEM = Path("/etc/slurm")

# No cgroups, no accounting: containers lack the rights, and small clusters the latter. The memory is a fiction. A job
# that is requeued waits until its credentials have expired. Jobs are remembered until the tests have asked for them.
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=17000
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=5
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
SlurmdTimeout=10
MinJobAge=7200
KillWait=10
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={n1} CPUs=8 RealMemory=32000 Feature=cpu
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={n2} CPUs=8 RealMemory=32000 Feature=gpu Gres=gpu:1
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


def why_not():
    """Why SLURM cannot be started here; empty if it can."""
    if missing := [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]:
        return f"not installed: {', '.join(missing)} (Debian: slurm-wlm and munge)"
    if os.getuid() != 0:
        return "SLURM's daemons must be started as root"
    return "this machine has a SLURM of its own" if (SYSTEM / "slurm.conf").exists() and not left_over() else ""


def left_over():
    """Whether the configuration is that of tests that were killed: a link, and no controller that reads it."""
    running = {process.info["name"] for process in psutil.process_iter(["name"])}
    return (SYSTEM / "slurm.conf").is_symlink() and "slurmctld" not in running


class Slurm:
    """The daemons, in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        self._daemons = {}
        for name in ("munge", "state", *(f"spool-{node}" for node in NODES)):
            (folder / name).mkdir()
        host = platform.node().split(".")[0]
        (folder / "slurm.conf").write_text(CONFIGURATION.format(folder=folder, host=host, **NODES))
        (folder / "gres.conf").write_text(f"NodeName=n2 Name=gpu File={folder}/gpu0\n")
        # Any character device will do, and without one the node is not valid: another /dev/null.
        os.mknod(folder / "gpu0", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        for file in ("slurm.conf", "gres.conf"):
            (SYSTEM / file).unlink(missing_ok=True)  # of tests that were killed
            (SYSTEM / file).symlink_to(folder / file)

    def start(self):
        self._start_munge()
        self._start("slurmctld", "-D", "-i")
        for node in NODES:
            self.start_node(node)
        self.wait(lambda: all(self.state(node) == "idle" for node in NODES), "both nodes are idle")

    def _start_munge(self):
        munge = self.folder / "munge"
        (munge / "key").write_bytes(os.urandom(1024))
        (munge / "key").chmod(0o400)
        munge.chmod(0o755)
        for path in (munge, munge / "key"):
            shutil.chown(path, "munge", "munge")
        for parent in munge.parents:  # pytest's folders are their owner's alone
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed", "log-file": "log"}
        flags = [f"--{name}={munge / file}" for name, file in files.items()]
        self._start("munged", "--foreground", "--force", *flags, user="munge", group="munge", extra_groups=[])
        self.wait((munge / "socket").exists, "munge listens")

    def start_node(self, node):
        self._start("slurmd", "-D", "-N", node, name=node)

    def _start(self, program, *arguments, name=None, **of_whom):
        with (self.folder / f"{name or program}.out").open("w") as output:
            self._daemons[name or program] = subprocess.Popen(
                [shutil.which(program, path=PATH), *arguments], stdout=output, stderr=subprocess.STDOUT, **of_whom
            )

    def kill_node(self, node):
        """The node dies: its daemon and all that it runs, at once."""
        daemon = self._daemons.pop(node)
        daemon.kill()
        daemon.wait()
        self._kill_steps(node)

    def revive(self, node):
        """Start a dead node again, and wait until it takes jobs."""
        if node not in self._daemons:
            self.start_node(node)
            self.wait(lambda: self.state(node) == "idle", f"{node} is back")

    def _kill_steps(self, node):
        """Kill what runs the node's jobs, and the jobs: that goes on without the daemon."""
        for process in psutil.process_iter(["name"]):
            with suppress(psutil.Error):
                log = str(self.folder / f"slurmd-{node}.log")
                if process.info["name"] == "slurmstepd" and log in [file.path for file in process.open_files()]:
                    for one in [process, *process.children(recursive=True)]:
                        one.kill()

    def stop(self):
        for node in NODES:
            self._kill_steps(node)
        for daemon in reversed(self._daemons.values()):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
        for file in ("slurm.conf", "gres.conf"):
            (SYSTEM / file).unlink()

    def ask(self, *words):
        """Output of a program of SLURM; empty if it fails, as it does while the controller starts."""
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    def state(self, node):
        return self.ask("sinfo", "--noheader", "--nodes", node, "--format", "%t").rstrip("*")

    def node(self, job):
        return self.ask("squeue", "--noheader", "--states", "all", "--jobs", job, "--format", "%N")

    def jobs(self, states="all"):
        """Job id and rule of jobs in some states, the latest last."""
        lines = self.ask("squeue", "--noheader", "--states", states, "--sort", "i", "--format", "%i %k").splitlines()
        return [tuple(line.split()) for line in lines]

    def launchers(self):
        """Processes of jobs that are the launcher of `repdrift`."""
        found = []
        for process in psutil.process_iter(["name"]):
            with suppress(psutil.Error):
                if process.info["name"] == "slurmstepd":
                    of_it = process.children(recursive=True)
                    found += [one for one in of_it if "repdrift.machine.launcher_process" in one.cmdline()]
        return found

    def wait(self, condition, what, seconds=SECONDS):
        """Wait until something is so, and give it."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, f"in {seconds} s not: {what}\n{self.logs()}"
            time.sleep(0.2)
        return found

    def logs(self):
        files = [*self.folder.glob("*.log"), *self.folder.glob("*.out"), self.folder / "munge" / "log"]
        return "\n".join(f"--- {file.name}\n{file.read_text()[-3000:]}" for file in files if file.exists())
