"""Validate every solved notebook as other machines compute it: `make portability`.

`make test` runs with one thread and the code that PyTorch chooses for this processor. Here: all
threads, one notebook at a time, and with one thread the code for other processors. A learner's
notebooks compute the same, with the references. ARGS is passed on to pytest, for example
`make portability ARGS="-k 03_structured"`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = {"OMP_NUM_THREADS": "1"}


def settings(capability: str) -> Iterator[tuple[dict[str, str], bool]]:
    """Each setting with whether a processor of this ``capability`` computes another way with it.

    ``capability``: as ``torch.backends.cpu.get_cpu_capability`` says it. Where the processor itself
    goes no further than AVX2, asking for AVX2 asks for what ``make test`` has run already.
    """
    beyond = capability not in ("DEFAULT", "AVX2")
    yield {}, True
    yield {**ONE_THREAD, "ATEN_CPU_CAPABILITY": "default"}, capability != "DEFAULT"
    yield {**ONE_THREAD, "ATEN_CPU_CAPABILITY": "avx2"}, beyond
    yield {**ONE_THREAD, "ONEDNN_MAX_CPU_ISA": "AVX2"}, beyond


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status of the first red run, or 0."""
    capability = torch.backends.cpu.get_cpu_capability()
    tried = []
    for setting, differs in settings(capability):
        if differs:
            tried.append(setting)
        else:
            print(f"Left out, {capability} computes the same: {in_words(setting)}.", flush=True)
    for setting in tried:
        print(f"Solved notebooks with {in_words(setting)}:", flush=True)
        jobs = ["-n", os.environ.get("JOBS", "2")] if setting else []
        command = [sys.executable, "-m", "pytest", "--nbval", "solutions", *jobs, *arguments]
        status = subprocess.run(command, cwd=ROOT, env={**os.environ, **setting}).returncode
        if status:
            print(f"Red with {in_words(setting)}.", file=sys.stderr)
            return status
    return 0


def in_words(setting: dict[str, str]) -> str:
    words = " ".join(f"{name}={value}" for name, value in setting.items())
    return words or "all threads, as this machine has them"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
