"""What a zygote is good for: the same interpreter, packages, preloaded modules and environment, or another zygote."""

import functools
import hashlib
import json
import os
import sys
from pathlib import Path

# Variables that the interpreter or a library reads when it is imported. The others are set in each forked process.
_NAMES = {"CUDA_VISIBLE_DEVICES", "HOME", "LANG", "LD_LIBRARY_PATH", "LD_PRELOAD", "PATH", "TZ", "VIRTUAL_ENV"}
_PREFIXES = (
    "BLIS_", "GOTO_", "IPYTHON", "JAX_", "JUPYTER_", "KMP_", "LC_", "MKL_", "MPL", "NPY_", "NUMBA_", "NUMEXPR_", "OMP_",
    "OPENBLAS_", "PYTENSOR_", "PYTHON", "PYTORCH_", "SCIPY_", "SLURM_JOB_ID", "TORCH_", "VECLIB_", "XDG_", "XLA_",
)  # fmt: skip


def digest(order, environment):
    """A short name for everything that a zygote's children take from it; ``order`` is what it is told to be."""
    facts = {
        "order": order,
        "interpreter": [sys.executable, sys.version, sys.prefix],
        "packages": _packages(),
        "own": [_stamp(file) for file in sorted(Path(__file__).parent.glob("*.py"))],
        "environment": {name: environment[name] for name in sorted(environment) if _matters(name)},
        "cgroup": _cgroup(),
        "configuration": _configuration(environment),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:20]


def _matters(name):
    return name in _NAMES or name.startswith(_PREFIXES)


def _packages():
    """Each installed distribution with its version, and when its folder last changed."""
    found = []
    for entry in sys.path:
        if Path(entry).name in ("site-packages", "dist-packages") and os.path.isdir(entry):
            stamp = _stamp(entry)
            found.append([stamp, _names(entry, stamp[1])])
    return found


@functools.lru_cache(maxsize=16)
def _names(folder, modified):
    return sorted(name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info", ".pth")))


def _stamp(path):
    return [str(path), os.stat(path).st_mtime_ns]


def _configuration(environment):
    """IPython's configuration is read when the kernel is made, in the zygote."""
    home = environment.get("IPYTHONDIR") or Path(environment.get("HOME", "/"), ".ipython")
    return [_stamp(file) for file in sorted(Path(home, "profile_default").glob("ipython_*config.*"))]


def _cgroup():
    """On a cluster a job's limits hold for its own processes only: a job must not fork from another job's zygote."""
    try:
        return Path("/proc/self/cgroup").read_text()
    except OSError:
        return ""
