"""500 made-up questions that tests/faulty_server.py answers. Run: python lines.py > lines.jsonl."""

import json

for i in range(1, 501):
    question = f"Problem {i}: which number does this line name?"
    print(json.dumps({"problem": question, "answer": str(i), "unique_id": f"line/{i}"}))
