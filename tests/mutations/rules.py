"""Mutations of the pure rules by mutmut: changed operators, constants and arguments, on a copy in the folder mutants.

`[tool.mutmut]` of pyproject.toml names the modules, their tests, and the lines that are not changed: the texts of
alarms, which nobody reads but the person who is called.
"""

import shutil
import subprocess
import sys

from tests.mutations.guards import ROOT

MUTMUT = (sys.executable, "-m", "mutmut")


def main(jobs: int) -> int:
    """Runs mutmut and lists the mutants that no test kills. Returns 1 if there is one, else 0."""
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)  # mutmut would trust the results of an older run
    done = subprocess.run([*MUTMUT, "run", "--max-children", str(jobs)], cwd=ROOT, check=False)
    if done.returncode:
        return done.returncode
    results = subprocess.run([*MUTMUT, "results"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    alive = [line.split(":")[0].strip() for line in results.splitlines() if line.strip()]
    for name in alive:
        subprocess.run([*MUTMUT, "show", name], cwd=ROOT, check=True)
    print(f"\n{len(alive)} mutants of the rules survived")
    return bool(alive)
