"""The least a round can cost: ask every page with its ETag, compare the sha256 of what changed, keep it in a file.

usage: python floor.py BASE PAGES STATE.json
"""

import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx


def main(base: str, pages: int, state_file: Path) -> None:
    state: dict[str, list[str]] = json.loads(state_file.read_text()) if state_file.exists() else {}
    changed = []
    with httpx.Client(limits=httpx.Limits(max_connections=8)) as client, ThreadPoolExecutor(8) as pool:

        def ask(path: str) -> None:
            etag, before = state.get(path, ["", ""])
            answer = client.get(base + path, headers={"If-None-Match": etag} if etag else {})
            if answer.status_code == 200:
                now = hashlib.sha256(answer.content).hexdigest()
                state[path] = [answer.headers["etag"], now]
                if before and before != now:
                    changed.append(path)

        list(pool.map(ask, [f"/page/{number}" for number in range(pages)]))
    state_file.write_text(json.dumps(state))
    print(json.dumps(changed))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
