"""Sweeps on a real Dask scheduler with two workers on the loopback, with TLS too; and SLURM's job script."""

import contextlib
import subprocess
import sys
import time

import pytest
import sweep_project
from sweep_project import RUNS, WORKBENCH, cli, table

from workbench.sweep.journal import Journal

SLOW = "fixed: {kind: slow}\nblocks:\n  - grid: {n_samples: [1, 2, 3, 4, 5, 6, 7, 8]}\n"


@pytest.fixture
def toy(tmp_path, monkeypatch):
    sweep_project.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    sweep_project.write_spec(tmp_path, SLOW)
    return tmp_path


@contextlib.contextmanager
def cluster(folder, *tls):
    """A scheduler and two workers as processes, each worker in a folder of its own; yields address and workers."""
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    place = folder / "scheduler.json"
    protocol = "tls" if tls else "tcp"
    ports = ["--host", f"{protocol}://127.0.0.1", "--port", "0", "--dashboard-address", ":0", "--no-show"]
    started = [subprocess.Popen([*dask, *ports, "--scheduler-file", place, *tls], stderr=subprocess.DEVNULL)]
    try:
        wait_for(lambda: place.exists() and place.read_text().endswith("}"))
        import json

        address = json.loads(place.read_text())["address"]
        for name in ("one", "two"):
            (folder / name).mkdir()
            options = ["--nthreads", "1", "--no-dashboard", "--name", name, "--local-directory", folder / name, *tls]
            command = [sys.executable, "-m", "distributed.cli.dask_worker", address, *options, "--no-nanny"]
            started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=folder / name))
        yield address, started[1:]
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def test_a_worker_killed_in_mid_sweep_loses_nothing_and_a_second_client_shares_the_cluster(toy):
    assert cli("sweep", "small", "-o", "alone").returncode == 0
    with cluster(toy) as (address, workers):
        arguments = [*WORKBENCH, "sweep", "small", "--cluster", address]
        first = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        second = subprocess.Popen(
            [*arguments, "-o", "second"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        wait_for(lambda: Journal(RUNS).done)
        workers[0].kill()
        for running in (first, second):
            stdout, stderr = running.communicate(timeout=120)
            assert running.returncode == 0 and "8 of 8 points done" in stdout, stderr
        assert table(RUNS) == table("second") == table("alone")
        points = [
            line.split()[2] for line in (RUNS / "journal.txt").read_bytes().splitlines() if b" point " in line[:20]
        ]
        assert len(points) == len(set(points)) == 8
        assert all((RUNS / row["notebook"]).is_file() for row in table(RUNS))
        assert not list((toy / "two").rglob("*.ipynb"))  # the workers share no folder with the writer


def test_tls(toy):
    from distributed.security import Security

    secure = Security.temporary()
    files = {}
    for name, text in (("ca", secure.tls_ca_file), ("cert", secure.tls_client_cert), ("key", secure.tls_client_key)):
        files[name] = toy / f"{name}.pem"
        files[name].write_text(text)
    with cluster(toy, *(f"--tls-{n}={files[m]}" for n, m in (("ca-file", "ca"), ("cert", "cert"), ("key", "key")))) as (
        address,
        _,
    ):
        assert address.startswith("tls://")
        tls = "DASK_DISTRIBUTED__COMM__TLS__"
        known = {f"{tls}CA_FILE": str(files["ca"])}
        known.update({f"{tls}CLIENT__CERT": str(files["cert"]), f"{tls}CLIENT__KEY": str(files["key"])})
        sweep_project.write_spec(toy, "blocks:\n  - grid: {n_samples: [1, 2]}\n")
        refused = cli("sweep", "small", "--cluster", address)
        assert refused.returncode == 2 and f"no Dask scheduler answers at {address}" in refused.stderr
        assert "Traceback" not in refused.stderr
        done = cli("sweep", "small", "--cluster", address, env=known)
        assert done.returncode == 0 and len(table(RUNS)) == 2, done.stderr


def test_a_worker_with_other_code_refuses_the_point(toy, monkeypatch):
    from workbench.sweep import fingerprint, plan, task
    from workbench.sweep.drive import Options, _task
    from workbench.sweep.spec import load

    made = plan.make(load("small"), toy / "out")
    sent = _task(made, made.design[0], Options(), {"commit": None, "dirty": None})
    task.parts_of.cache_clear()
    monkeypatch.setattr(fingerprint, "fingerprint", lambda notebook: {**made.parts, "version numpy": "1.0"})
    result = task.run(sent)
    task.parts_of.cache_clear()
    assert result["status"] == "failed" and "this worker has other code: numpy" in result["reason"]
    assert "→ 1.0" in result["reason"]


def test_no_scheduler_there(toy):
    start = {"env": {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}}
    done = cli("sweep", "small", "--cluster", "tcp://127.0.0.1:1", **start)
    assert done.returncode == 2 and "no Dask scheduler answers at tcp://127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_slurm_job_script_is_what_the_configuration_says(toy):
    (toy / "config").mkdir()
    (toy / "config" / "jobqueue.yaml").write_text(
        'jobqueue:\n  slurm:\n    cores: 1\n    processes: 1\n    memory: 4GB\n    walltime: "02:00:00"\n'
        '    queue: short\n    job-script-prologue: ["export OMP_NUM_THREADS=1"]\n'
    )
    done = cli(
        "sweep", "small", "--cluster", "slurm", "--workers", "8", "--dry-run", env={"DASK_CONFIG": str(toy / "config")}
    )
    assert done.returncode == 0, done.stderr
    for line in ("#SBATCH -p short", "#SBATCH -t 02:00:00", "#SBATCH --cpus-per-task=1", "#SBATCH --mem=4G"):
        assert line in done.stdout
    assert "export OMP_NUM_THREADS=1" in done.stdout and "distributed.cli.dask_worker" in done.stdout
    assert "--nthreads 1" in done.stdout and not (toy / "runs").exists()
    bare = cli("sweep", "small", "--cluster", "slurm", "--dry-run")
    assert bare.returncode == 2 and "jobqueue.slurm in Dask's configuration is not complete" in bare.stderr


def wait_for(condition, seconds=60):
    for _ in range(seconds * 20):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not come about")
