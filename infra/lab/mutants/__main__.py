"""Makes mutants of the engine and runs the tests that run the changed line on each: ``make mutants``."""

from __future__ import annotations

import argparse
import itertools
import shlex
import signal
import sys
import time
from dataclasses import replace

from infra.lab.mutants.generate import Mutant, mutants_of
from infra.lab.mutants.plan import GROUPS, Group
from infra.lab.mutants.report import Fate, known_survivors, report
from infra.lab.mutants.trials import Trials
from infra.local.home import PROJECT


def main() -> None:
    """Report on the groups, or files of them, that are named; on all without a name.

    Exits with status 1 where a mutant survived that survivors.toml gives no reason for.
    """
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    groups = ", ".join(group.name for group in GROUPS)
    parser.add_argument("names", nargs="*", help=f"groups ({groups}), or parts of the names of files")
    parser.add_argument("--minutes", type=float, default=600, help="stop then, and report on what has run")
    parser.add_argument("--tests", help="tests instead of the plan's, as pytest is given them")
    parser.add_argument("--every", type=int, default=1, help="a sample: 3 makes each third mutant")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time, of tests in memory")
    options = parser.parse_args()
    ends_at = time.monotonic() + options.minutes * 60
    # What is told to end reports on what has run, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    fates: list[tuple[Mutant, Fate]] = []

    def note(mutant: Mutant, fate: Fate) -> None:
        fates.append((mutant, fate))
        print(fate, mutant.file, mutant.line, mutant.change, flush=True)

    try:
        for group in GROUPS:
            if files := _files(group, options.names):
                chosen = replace(group, tests=tuple(shlex.split(options.tests))) if options.tests else group
                trials = Trials(chosen, files)
                with trials.running():
                    print(f"{chosen.name}: {len(trials.durations_s)} tests", flush=True)
                    made = itertools.islice(mutants_of(files), 0, None, options.every)
                    trials.run(made, 1 if chosen.on_postgres else options.jobs, ends_at, note)
    except KeyboardInterrupt:
        print("stopped")
    text, unknown = report(fates, known_survivors())
    print(text)
    sys.exit(bool(unknown))


def _files(group: Group, names: list[str]) -> list[str]:
    paths = sorted(path for pattern in group.files for path in PROJECT.glob(pattern))
    files = [str(path.relative_to(PROJECT)) for path in paths]
    if not names or group.name in names:
        return files
    return [file for file in files if any(name in file for name in names)]


if __name__ == "__main__":
    main()
