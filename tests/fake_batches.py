"""A vendor's batch queue, as a plan for the faulty server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.faulty_server import Act, Request, error

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]
"""A request's body to the line of its answer; None leaves it out."""

FILE = re.compile(rb'filename="[^"]*"\r\n[^\r]*\r\n\r\n(.*)\r\n--', re.DOTALL)


def ok(body: dict[str, Any]) -> dict[str, Any]:
    """The line of a good answer."""
    return {"response": {"status_code": 200, "request_id": "req-1", "body": body}, "error": None}


class FakeBatches:
    """Keeps files and batches.

    Args:
        answer: what each request comes to.
        polls: how often a batch is looked at before it has ended.
        status: how it ends.
    """

    def __init__(self, answer: Answer, *, polls: int = 1, status: str = "completed") -> None:
        self.answer, self.polls, self.status = answer, polls, status
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.looks: dict[str, int] = {}
        self.calls: list[str] = []
        self.lose_create = False
        """Make the next batch, and lose the answer."""

    def __call__(self, request: Request) -> Act:
        path = request.path.removeprefix("/v1")
        what = re.sub(r"(file|batch)-\d+", r"\1", path)
        self.calls.append(what)
        if what == "/files":
            return self._json(self._upload(request.raw))
        if what == "/files/file/content":
            return Act(body=self.files[path.split("/")[2]])
        if what == "/batches":
            return self._create(request.body)
        if what.startswith("/batches?"):
            rows = list(self.batches.values())
            return self._json({"object": "list", "data": rows[::-1], "has_more": False})
        if what == "/batches/batch":
            return self._json(self._look(path.split("/")[2]))
        return error(404, "no such path")

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The lines of all files that batches were made of."""
        files = [self.files[batch["input_file_id"]] for batch in self.batches.values()]
        return [json.loads(line) for file in files for line in file.splitlines()]

    def _json(self, body: dict[str, Any]) -> Act:
        return Act(body=json.dumps(body).encode())

    def _upload(self, raw: bytes) -> dict[str, Any]:
        assert b'name="purpose"\r\n\r\nbatch\r\n' in raw
        found = FILE.search(raw)
        assert found is not None
        return {"id": self._keep(found[1]), "purpose": "batch"}

    def _keep(self, content: bytes) -> str:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return name

    def _create(self, asked: dict[str, Any]) -> Act:
        assert asked["completion_window"] == "24h"
        lines = self.files[asked["input_file_id"]].splitlines()
        name = f"batch-{len(self.batches) + 1}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "status": "validating",
            "input_file_id": asked["input_file_id"],
            "endpoint": asked["endpoint"],
            "metadata": asked["metadata"],
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }
        if self.lose_create:
            self.lose_create = False
            return Act(end="reset")
        return self._json(self.batches[name])

    def _look(self, name: str) -> dict[str, Any]:
        batch = self.batches[name]
        self.looks[name] = self.looks.get(name, 0) + 1
        if self.looks[name] >= self.polls and batch["status"] not in ("completed", "expired", "failed"):
            self._end(batch)
        return batch

    def _end(self, batch: dict[str, Any]) -> None:
        batch["status"] = self.status
        if self.status == "failed":
            row = {"code": "invalid_json_line", "message": "line 1 is not JSON", "line": 1}
            batch["errors"] = {"object": "list", "data": [row]}
            return
        good: list[bytes] = []
        bad: list[bytes] = []
        for line in self.files[batch["input_file_id"]].splitlines():
            request = json.loads(line)
            answered = self.answer(request["body"])
            if answered is None:
                continue
            said = json.dumps({"id": "x", "custom_id": request["custom_id"], **answered}).encode()
            fine = answered["error"] is None and answered["response"]["status_code"] == 200
            (good if fine else bad).append(said)
        batch["request_counts"] |= {"completed": len(good), "failed": len(bad)}
        for name, lines in (("output_file_id", good), ("error_file_id", bad)):
            if lines:
                batch[name] = self._keep(b"\n".join(lines) + b"\n")
