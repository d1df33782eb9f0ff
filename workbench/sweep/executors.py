"""Where points execute: threads of this process, or the workers of a Dask cluster. Both are executors of the
standard library's kind, so that the rest of a sweep does not know the difference.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from workbench.errors import UserError, nearest

KINDS = ("local", "slurm")


@contextmanager
def open_executor(cluster, workers):
    """An executor and a function that says how many points it takes at once.

    Parameters
    ----------
    cluster : str or None
        None for threads; ``local`` for Dask workers on this machine; ``slurm`` for jobs; else a scheduler's address.
    workers : int or None
    """
    if cluster is None:
        workers = workers or cores()
        executor = ThreadPoolExecutor(workers, thread_name_prefix="workbench-point")
        try:
            yield executor, lambda: workers
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
        return
    with _client(cluster, workers) as client:
        executor = client.get_executor(pure=False)
        # Twice as many as there are threads, so that no worker waits for the writer; at least one for workers to come.
        yield executor, lambda: max(2 * sum(client.nthreads().values()), 1)


def check(cluster):
    """Refuse a misspelt cluster, and one whose libraries are missing, before anything starts."""
    if cluster is None:
        return
    if cluster not in KINDS and ":" not in cluster:
        hint = nearest(cluster, KINDS)
        raise UserError(f"--cluster {cluster!r} is neither local, slurm nor an address such as tcp://host:8786.{hint}")
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise UserError("--cluster needs Dask: pip install 'workbench[cluster]'") from None


def cores():
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def slurm_script(workers):
    """The job script that ``--cluster slurm`` would submit."""
    with _slurm(workers, submit=False) as cluster:
        return cluster.job_script()


@contextmanager
def _client(cluster, workers):
    from distributed import Client, LocalCluster

    if cluster == "local":
        options = {"n_workers": workers or cores(), "threads_per_worker": 1, "dashboard_address": None}
        with LocalCluster(**options, processes=True) as made, Client(made) as client:
            yield client
    elif cluster == "slurm":
        with _slurm(workers, submit=True) as made, Client(made) as client:
            yield client
    else:
        try:
            client = Client(cluster)  # timeouts and TLS, if any, from Dask's own configuration
        except (OSError, ValueError, TypeError) as error:
            why = " ".join(str(error).split())[:200]
            raise UserError(f"no Dask scheduler answers at {cluster}: {why}") from None
        with client:
            yield client


@contextmanager
def _slurm(workers, submit):
    """Jobs as Dask's configuration ``jobqueue.slurm`` says; one thread a worker."""
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError:
        raise UserError("--cluster slurm needs dask-jobqueue: pip install 'workbench[cluster]'") from None
    try:
        cluster = SLURMCluster(scheduler_options={"dashboard_address": None})
    except (ValueError, TypeError) as error:
        why = " ".join(str(error).split())[:200]
        raise UserError(f"jobqueue.slurm in Dask's configuration is not complete: {why}") from None
    with cluster:
        if submit:
            cluster.scale(n=workers or 1)
        yield cluster
