"""A run's work spread over processes and machines, by Ray.

    the driver                                  Ray's workers
    owed samples ── ray.data, map_batches ────▶  Asker: a model, a client, a solver
    samples.jsonl, turns.jsonl, grades/  ◀─post─  lines, each the moment it is there
    one purse, where the run has limits  ◀────▶  before and after each request
    samples without a grade ── map_batches ───▶  Grader
    grades/  ◀──────────────────────────── post─  lines

    engine.py   what the user asks for; Ray started, or joined, and left
    flow.py     rows through actors by map_batches, and what comes back, line by line
    post.py     from the workers to the driver; a call begins once
    asker.py    the worker that asks       collect.py   its driver
    grader.py   the worker that grades     grade.py     its driver
    purse.py    one set of limits for all workers

Only the driver writes, so the folder's journals are what they are without Ray, and a run can be resumed by
either engine. Ray decides where work runs, hands it out, and starts a worker again that died. The work of a
lost worker is not repeated: half of it may be written already. What is missing at the end of a pass is read
off what was written, and asked in another pass.
"""

from math500.cluster.engine import Ray, joined

__all__ = ["Ray", "joined"]
