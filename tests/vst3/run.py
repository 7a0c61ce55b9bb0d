"""Checks the VST3 plugin in real hosts: `python run.py "Audio File Out.vst3" [PART OF A CHECK'S NAME]...`

Needs what requirements.txt names. Prints one line a check and what went wrong below it; the exit code is 0 when all
passed. Each check runs in a process and a folder of its own, because the plugin reads its folder from the environment,
and because a host that crashes or hangs must not take the other checks with it.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback

# The checks leave nothing beside them.
sys.dont_write_bytecode = True

import bare_checks
import minihost_checks
import pedalboard_checks
from checking import Failure, Setting

# For one check; the slowest takes a few seconds.
LIMIT_SECONDS = 120

CHECKS = {
    f"{module.HOST}: {check.__name__.replace('_', ' ')}": check
    for module in (minihost_checks, pedalboard_checks, bare_checks)
    for check in module.CHECKS
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=pathlib.Path, help="path to Audio File Out.vst3")
    parser.add_argument("wanted", nargs="*", help="run only checks with one of these words in their name")
    parser.add_argument("--one", metavar="CHECK", help=argparse.SUPPRESS)
    options = parser.parse_args()
    bundle = options.bundle.resolve()
    if not bundle.exists():
        parser.error(f"there is no {bundle}")
    if options.one:
        sys.exit(run_here(CHECKS[options.one], bundle))
    wanted = [name for name in CHECKS if not options.wanted or any(word in name for word in options.wanted)]
    passed = sum(run_apart(name, bundle) for name in wanted)
    failed = len(wanted) - passed
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if wanted and failed == 0 else 1)


def run_here(check, bundle):
    """Runs one check in this process and returns its exit code."""
    try:
        check(Setting(bundle, pathlib.Path(os.environ["AUDIO_FILE_OUT_DIR"])))
    except Failure as failure:
        print(failure)
    except Exception:
        traceback.print_exc(file=sys.stdout)
    else:
        return 0
    return 1


def run_apart(name, bundle):
    """Runs one check in a process of its own, prints its line and returns whether it passed."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="audio-file-out-", ignore_cleanup_errors=True) as folder:
        output_path = pathlib.Path(folder, "output")
        with output_path.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, __file__, str(bundle), "--one", name],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(folder),
                start_new_session=True,
            )
            try:
                ending = describe_ending(process.wait(LIMIT_SECONDS))
            except subprocess.TimeoutExpired:
                kill(process)
                ending = f"still ran after {LIMIT_SECONDS} s"
        report = output_path.read_text(errors="replace").strip()
    seconds = time.monotonic() - start
    print(f"{'FAILED' if ending else 'passed'}  {name} ({seconds:.1f} s)", flush=True)
    if ending:
        print("\n".join(f"        {line}" for line in [*shorten(report.splitlines()), ending]), flush=True)
    return not ending


def shorten(lines):
    """The beginning, where a panic says what it is, and the end, where Python does."""
    return lines if len(lines) <= 40 else [*lines[:15], "…", *lines[-15:]]


def environment(folder):
    """The environment of a check: whatever the plugin takes for the user's folders lies in `folder`."""
    home = pathlib.Path(folder, "home")
    home.mkdir()
    # Not made here: making it is the plugin's task, and only when a take begins.
    takes = pathlib.Path(folder, "takes")
    return os.environ | {"AUDIO_FILE_OUT_DIR": str(takes), "HOME": str(home), "USERPROFILE": str(home)}


def describe_ending(code):
    """Nothing when all is well."""
    if code == 0:
        return ""
    return "the check failed" if code == 1 else f"the host's process died, exit code {code}"


def kill(process):
    """Ends a check that hangs, and the processes that it started."""
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


if __name__ == "__main__":
    main()
