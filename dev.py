#!/usr/bin/env python3
"""Set up and run MLOps Portal with nothing but Python: `python3 dev.py run`. Old syntax on purpose (macOS has 3.9)."""

import base64
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
SUPPORTED = ("python3.11", "python3.12", "python3.13")
PACKAGES = ("mlops_portal", "teams", "assessments", "integrations", "insights", "tests")
NO_TESTS_FOUND = 5


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
    """Install requirements/<lock>.lock into .venv, once per content of the lock. What `dev` holds is enough for `runtime`."""
    digest = lock_digest(lock)
    for name in ("dev", lock):
        if read_marker(name) == lock_digest(name):
            return
    base = find_python()
    if not os.path.exists(PYTHON):
        print("Setting up .venv ...", flush=True)
        # --without-pip works where Debian's python3-venv is missing.
        subprocess.check_call([base, "-m", "venv", "--without-pip", VENV])
    path = os.path.join(ROOT, "requirements", lock + ".lock")
    installer = find_pip(base)
    env = dict(os.environ, UV_SYSTEM_CERTS="1", VIRTUAL_ENV=VENV, PIP_DISABLE_PIP_VERSION_CHECK="1")
    uv = os.path.join(VENV, "bin", "uv")
    if not os.path.exists(uv):
        subprocess.call([*installer, "install", "--quiet", "uv"], env=env)
    print("Installing requirements/%s.lock ..." % lock, flush=True)
    if os.path.exists(uv):
        command = [uv, "pip", "sync", "--quiet", "--require-hashes", path]
        if subprocess.call(command, env=env) == 0:
            write_marker(lock, digest)
            return
    subprocess.check_call([*installer, "install", "--quiet", "--require-hashes", "-r", path], env=env)
    write_marker(lock, digest)


def lock_digest(lock):
    with open(os.path.join(ROOT, "requirements", lock + ".lock"), "rb") as handle:
        return hashlib.sha256(handle.read()).hexdigest()


def marker_path(lock):
    return os.path.join(VENV, "installed-" + lock)


def read_marker(lock):
    try:
        with open(marker_path(lock)) as handle:
            return handle.read()
    except OSError:
        return ""


def write_marker(lock, digest):
    for name in os.listdir(VENV):
        if name.startswith("installed-"):
            os.remove(os.path.join(VENV, name))
    with open(marker_path(lock), "w") as handle:
        handle.write(digest)


def find_pip(base):
    """How to run pip against .venv: the base interpreter's own pip."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if subprocess.call([base, "-m", "pip", "--version"], **quiet) != 0:
        sys.exit(
            "Neither pip nor ensurepip is here. On Debian or Ubuntu: apt install python3-venv python3-pip"
        )
    return [base, "-m", "pip", "--python", PYTHON]


def call(*command, **environment):
    """Run it in the project's folder and say what ran; its exit code."""
    print("+ " + " ".join(command).replace(ROOT + os.sep, ""), flush=True)
    return subprocess.call(list(command), cwd=ROOT, env=dict(os.environ, **environment))


def must(*command, **environment):
    code = call(*command, **environment)
    if code:
        sys.exit(code)


def tool(name):
    return os.path.join(VENV, "bin", name)


def run(arguments):
    """set up and serve on http://127.0.0.1:8000 with the demo (HOST, PORT, DEMO=0)"""
    ensure_environment("runtime")
    # The launcher answers Ctrl-C; a second answer from here would only cut its last lines off.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = subprocess.Popen(
        [PYTHON, "manage.py", "up", *arguments],
        cwd=ROOT,
        env=dict(os.environ, PYTHONUNBUFFERED="1"),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _frame: process.send_signal(got))
    sys.exit(process.wait())


def test(arguments):
    """all tests that need nothing but Python; browser and service tests where what they need is there"""
    ensure_environment("dev")
    if arguments:
        must(PYTHON, "-m", "pytest", *arguments)
        return
    # A file stays with one worker, which starts its servers once; each has a browser of its own.
    quick = call(PYTHON, "-m", "pytest", "-q", "-n", "2", "-m", "not e2e and not service")
    slow = call(PYTHON, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", "e2e or service")
    sys.exit(quick or (0 if slow == NO_TESTS_FOUND else slow))


def services_test(arguments):
    """what is stored, once more on a private PostgreSQL and Redis"""
    ensure_environment("dev")
    chosen = arguments or ["-q", "-n", "2", "-m", "stored and not e2e and not service"]
    must(PYTHON, "-m", "tests.services.servers", PYTHON, "-m", "pytest", *chosen)


def check(arguments):
    """lint, format, import contracts, types, templates, migrations, compose file, Dockerfile, production settings"""
    ensure_environment("dev")
    failed = []
    for title, step in CHECKS:
        print("\n== " + title, flush=True)
        if step():
            failed.append(title)
    print()
    if failed:
        sys.exit("Failed: " + ", ".join(failed))
    print("All %d checks passed." % len(CHECKS))


def check_migrations():
    """Complete, and safe to apply while the last release still runs."""
    missing = call(PYTHON, "manage.py", "makemigrations", "--check", "--dry-run")
    unsafe = call(
        PYTHON,
        "manage.py",
        "lintmigrations",
        "--ignore-initial-migrations",
        # No release stood before this one, so no older code runs beside it; and SQLite, on which it is judged here, copies a
        # table for each new constraint (docs/adr/0014).
        "--ignore-name",
        "0002_signals",
        "--warnings-as-errors",
        "--quiet",
        "ok",
        "ignore",
        PORTAL_DEV_APPS="django_migration_linter",
    )
    return missing or unsafe


def check_deploy():
    """`check --deploy` as a production start does it."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return call(
        PYTHON,
        "manage.py",
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        PORTAL_PRODUCTION="1",
        PORTAL_SECRET_KEY=secrets.token_urlsafe(48),
        PORTAL_KEYS="k1:" + key,
        PORTAL_HOSTS="portal.example.org",
        DATABASE_URL="postgresql://portal@127.0.0.1/portal",
        REDIS_URL="redis://127.0.0.1:6379/0",
    )


CHECKS = (
    ("ruff", lambda: call(tool("ruff"), "check", ".")),
    ("format", lambda: call(tool("ruff"), "format", "--check", ".")),
    ("imports", lambda: call(tool("lint-imports"))),
    ("types", lambda: call(tool("mypy"), *PACKAGES)),
    ("templates", lambda: call(tool("djlint"), "--lint", "--quiet", "templates")),
    ("django", lambda: call(PYTHON, "manage.py", "check", "--fail-level", "WARNING")),
    ("migrations", check_migrations),
    (
        "compose",
        lambda: call(
            tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"
        ),
    ),
    ("dockerfile", lambda: call(tool("hadolint"), "Dockerfile")),
    ("production settings", check_deploy),
)


def bench(arguments):
    """measure the portal beside its floor and hold it against the budgets"""
    ensure_environment("dev")
    must(PYTHON, "-m", "bench", *arguments)


def screenshots(arguments):
    """photograph every page, light and dark, wide and narrow"""
    ensure_environment("dev")
    must(PYTHON, "-m", "tests.e2e.screenshots", *arguments)


COMMANDS = {
    "run": run,
    "test": test,
    "check": check,
    "services-test": services_test,
    "bench": bench,
    "screenshots": screenshots,
}


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "help"
    if name not in COMMANDS:
        for command, function in COMMANDS.items():
            print("%-14s %s" % (command, function.__doc__))
        sys.exit(0 if name == "help" else 2)
    COMMANDS[name](sys.argv[2:])


if __name__ == "__main__":
    main()
