"""Chat with an OpenAI-compatible endpoint: as fast as it allows, and no answer that was paid for is lost.

    endpoint.py     where the model is, and the key that opens it
    vendors.py      what is known of each vendor, as data
    spellings.py    how vendors say the same thing, as data
    wire.py         messages and settings -> request body; response body -> Generation
    forms.py        the forms of asking: chat, completions, responses
    pooling.py      one more: the values of a reward model, by a server that pools
    answers.py      THE table: every way a request can end, and what is done about it
    waits.py        how long the endpoint asks to wait; how long to wait when it does not say
    gate.py         who may send now: one brake for all workers
    limits.py       how much: the concurrency that an endpoint stands, the limits that it announces
    transport.py    the only file that opens a connection; tests and stub models put their own in its place
    stream.py       an event stream -> the same answer in one piece
    hedge.py        ask again when an answer is late (off by default)
    prices.py       what tokens cost, from prices.toml
    budget.py       the user's own limits, kept while many are in flight
    lane.py         one endpoint: its gate, its connection, its spelling of the token limit
    batch.py        the vendor's batch queue
    chat.py         Client: ties these together

>>> endpoint = resolve("my-model", "http://localhost:8000/v1", {})
>>> async with Client(endpoint, concurrency=16) as client:                       # doctest: +SKIP
...     generation = await client.generate([Message(role="user", content="1+1?")], Decoding())

`generate` returns a Generation, or raises SampleFailed (this sample is given up, the run goes on) or a
ModelError (the run stops; every later call on this client raises the same error).
"""

from math500.client.budget import Spent
from math500.client.chat import Client, Event, Stats
from math500.client.endpoint import Endpoint, Secret, resolve, without_credentials
from math500.client.transport import Fault, Reply, Transport
from math500.records import Budget, Timeouts

__all__ = [
    "Budget",
    "Client",
    "Endpoint",
    "Event",
    "Fault",
    "Reply",
    "Secret",
    "Spent",
    "Stats",
    "Timeouts",
    "Transport",
    "resolve",
    "without_credentials",
]
