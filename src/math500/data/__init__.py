"""Problem sets: find, fetch, verify, load.

    known.py     the sets that have a name, with what proves a copy right
    find.py      load(): the user's path, the cache, the hub, the registry archive
    rows.py      a file into problems; problems into canonical bytes
    verify.py    is a copy the set, and if not, which rows differ
    hub.py       one file from the hub
    download.py  the GET itself, over aiohttp, which is imported with the first one
    choose.py    select() and counts()

`load("math500")` returns verified problems or says why not; a set that differs from the known one
is never used under its name. Problem texts are fetched by the user's machine and are no part of
this package, which holds only their hashes (math500_rows.txt).
"""

from math500.data.choose import Counts, counts, rank, select
from math500.data.find import Presence, ProblemSet, load, where
from math500.data.known import HubFile, KnownSet, known_sets
from math500.data.verify import math500_id

__all__ = [
    "Counts",
    "HubFile",
    "KnownSet",
    "Presence",
    "ProblemSet",
    "counts",
    "known_sets",
    "load",
    "math500_id",
    "rank",
    "select",
    "where",
]
