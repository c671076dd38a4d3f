"""The tables of PDFs as pdfplumber's `extract_tables` gives them, default settings; run in pdfplumber's environment.

usage: python plumber.py FILE ...        prints a line of JSON for each: its tables, CPU s, and MB more than before
"""

import json
import sys
import time
from pathlib import Path

import pdfplumber


def peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def read(path: str) -> dict[str, object]:
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    idle, started = peak_mb(), time.process_time()
    with pdfplumber.open(path) as opened:
        tables = [table for page in opened.pages for table in page.extract_tables()]
    cpu = time.process_time() - started
    folded = [[[" ".join((cell or "").split()) for cell in row] for row in table] for table in tables]
    return {"tables": folded, "cpu": cpu, "more_mb": peak_mb() - idle}


if __name__ == "__main__":
    for each in sys.argv[1:]:
        print(json.dumps(read(each)), flush=True)
