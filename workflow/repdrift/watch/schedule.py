"""The time that jobs take together on some cores, given what each takes and which files it waits for."""

import heapq
from collections.abc import Mapping, Sequence

from repdrift.watch.job import Job


def wall_seconds(jobs: Sequence[Job], seconds: Mapping[str, float], cores: int) -> float:
    """Return the time in seconds until the last of some jobs ends, if each takes one core.

    A job that is ready and has the longest way to go, over all jobs that wait for it, begins first. Snakemake's order
    is near to that, because its priorities put first what the most jobs wait for.

    Parameters
    ----------
    jobs : sequence of Job
        Those that have not ended.
    seconds : mapping of str to float
        What each job still takes, by its key.
    cores : int
        The number of jobs that run at a time.
    """
    makers = {path: job.key for job in jobs for path in job.outputs}
    needs = {job.key: {makers[path] for path in job.inputs if path in makers} - {job.key} for job in jobs}
    users: dict[str, list[str]] = {key: [] for key in needs}
    for key, needed in needs.items():
        for each in needed:
            users[each].append(key)
    way = ways(needs, users, seconds)
    waiting = {key: len(needed) for key, needed in needs.items()}
    ready = [(-way[key], key) for key, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            key = heapq.heappop(ready)[1]
            heapq.heappush(running, (now + seconds[key], key))
        now, ended = heapq.heappop(running)
        for user in users[ended]:
            waiting[user] -= 1
            if waiting[user] == 0:
                heapq.heappush(ready, (-way[user], user))
    return now


def ways(
    needs: Mapping[str, set[str]], users: Mapping[str, Sequence[str]], seconds: Mapping[str, float]
) -> dict[str, float]:
    """Return for each job the time from its begin to the end of the longest chain of jobs that wait for it."""
    order: list[str] = []
    missing = {key: len(needed) for key, needed in needs.items()}
    free = [key for key, count in missing.items() if count == 0]
    while free:
        order.append(free.pop())
        for user in users[order[-1]]:
            missing[user] -= 1
            if missing[user] == 0:
                free.append(user)
    found: dict[str, float] = {}
    for key in reversed(order):
        found[key] = seconds[key] + max((found[user] for user in users[key]), default=0.0)
    return found
