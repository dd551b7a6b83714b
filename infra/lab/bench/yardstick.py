"""Work that never changes, of the kinds that an order is made of: its CPU time compares processors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256
from statistics import mean

from infra.local.home import PROJECT

_ROUNDS = 50
_DOCUMENT = {"orderId": "ord_0", "legs": [{"pool": f"pool-{n}", "amount": str(n * 10**9)} for n in range(12)]}


@dataclass(frozen=True)
class _Item:
    name: str
    number: int
    price: Fraction


def cpu_ms(times: int) -> float:
    """Return what one piece of the work takes of this processor now, over so many, in milliseconds."""
    before = time.process_time()
    work(times)
    return (time.process_time() - before) * 1000 / times


def cpu_ms_of_all(times: int) -> float:
    """Return the same with every processor at work, on average: two may share a core, or have neighbours."""
    argv = [sys.executable, "-m", __name__, str(times)]
    started = [
        subprocess.Popen(argv, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        for _ in range(os.cpu_count() or 1)
    ]
    return mean(float(one.communicate()[0]) for one in started)


def work(times: int) -> int:
    """Do about a millisecond of work so many times, and return something that depends on all of it."""
    item, total = _Item("yardstick", 0, Fraction(1)), 0
    for number in range(times * _ROUNDS):
        read = json.loads(json.dumps(_DOCUMENT))
        total += sum(int(leg["amount"]) * 997 // 1000 for leg in read["legs"])
        price = Fraction(total + number, 1 + number % _ROUNDS)
        item = replace(item, number=number, price=price)
        total = total % 10**12 + sha256(f"{item.name} {item.number} {item.price}".encode()).digest()[0]
    return total


if __name__ == "__main__":
    print(cpu_ms(int(sys.argv[1])))
