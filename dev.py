#!/usr/bin/env python3
"""Set up and run MLOps Portal with nothing but Python: `python3 dev.py test`. Old syntax on purpose (macOS has 3.9)."""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
SUPPORTED = ("python3.11", "python3.12", "python3.13")


def find_python():
    """The interpreter to build on: this one if it is new enough, else one from PATH."""
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return sys.executable
    for name in SUPPORTED:
        found = shutil.which(name)
        if found:
            return found
    sys.exit(
        "MLOps Portal needs Python 3.11, 3.12 or 3.13; this is %s. Install one of them."
        % sys.version.split()[0]
    )


def ensure_environment(lock):
    """Install requirements/<lock>.lock into .venv, once per content of the lock."""
    path = os.path.join(ROOT, "requirements", lock + ".lock")
    with open(path, "rb") as handle:
        digest = hashlib.sha256(handle.read()).hexdigest()
    marker = os.path.join(VENV, "installed-" + lock)
    if os.path.exists(marker) and open(marker).read() == digest:
        return
    base = find_python()
    if not os.path.exists(PYTHON):
        print("Setting up .venv ...", flush=True)
        # --without-pip works where Debian's python3-venv is missing.
        subprocess.check_call([base, "-m", "venv", "--without-pip", VENV])
    installer = find_pip(base)
    env = dict(os.environ, UV_SYSTEM_CERTS="1", VIRTUAL_ENV=VENV, PIP_DISABLE_PIP_VERSION_CHECK="1")
    uv = os.path.join(VENV, "bin", "uv")
    if not os.path.exists(uv):
        subprocess.call([*installer, "install", "--quiet", "uv"], env=env)
    print("Installing requirements/%s.lock ..." % lock, flush=True)
    if os.path.exists(uv):
        command = [uv, "pip", "sync", "--quiet", "--require-hashes", path]
        if subprocess.call(command, env=env) == 0:
            write_marker(marker, digest)
            return
    subprocess.check_call([*installer, "install", "--quiet", "--require-hashes", "-r", path], env=env)
    write_marker(marker, digest)


def write_marker(marker, digest):
    for name in os.listdir(VENV):
        if name.startswith("installed-"):
            os.remove(os.path.join(VENV, name))
    with open(marker, "w") as handle:
        handle.write(digest)


def find_pip(base):
    """How to run pip against .venv: the base interpreter's own pip."""
    if (
        subprocess.call(
            [base, "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        != 0
    ):
        sys.exit(
            "Neither pip nor ensurepip is here. On Debian or Ubuntu: apt install python3-venv python3-pip"
        )
    return [base, "-m", "pip", "--python", PYTHON]


def run(*command):
    code = subprocess.call(list(command), cwd=ROOT)
    if code:
        sys.exit(code)


def test(arguments):
    """all tests that need nothing but Python"""
    ensure_environment("dev")
    run(PYTHON, "-m", "pytest", *arguments)


def check(arguments):
    """lint and format"""
    ensure_environment("dev")
    run(PYTHON, "-m", "ruff", "check", ".")
    run(PYTHON, "-m", "ruff", "format", "--check", ".")


COMMANDS = {"test": test, "check": check}


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "help"
    if name not in COMMANDS:
        for command in sorted(COMMANDS):
            print("%-10s %s" % (command, COMMANDS[command].__doc__))
        sys.exit(0 if name == "help" else 2)
    COMMANDS[name](sys.argv[2:])


if __name__ == "__main__":
    main()
