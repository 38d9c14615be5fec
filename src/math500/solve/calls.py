"""Code as calls of the endpoint's own protocol for tools (chat completions, `tools` and `tool_calls`).

    model replies with calls of `python`  ->  each is run, in order  ->  each is answered by a `tool` message

Every call gets an answer, since endpoints refuse a conversation in which one is left open: its output, or
what is wrong with it (arguments that are no JSON, a tool that does not exist, no code). A reply with calls is
never the last one, whatever its text says; one without calls is, and so is one that the token limit cut off.
Code that such a model writes into its text is not run: what was asked for is the protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from math500.records import Extras, Generation, Message, Prompt, Tool, ToolCall
from math500.solve.manner import Asked

PROTOCOL = {
    "en": (
        "You can run Python while you solve the problem, with the tool `python`. Variables are kept from "
        "call to call; {libraries} can be imported. Print what you want to see. When you know the answer, "
        "write it within \\boxed{} and call the tool no more."
    ),
    "zh": (
        "解题时可以用工具 `python` 运行 Python 代码。各次调用之间变量保留; 可以导入 {libraries}。"
        "需要看的结果请用 print 输出。得到答案后, 把它写在 \\boxed{} 中, 不要再调用工具。"
    ),
}

PYTHON = Tool(
    name="python",
    description="Runs Python code; returns what it prints, or its error. Variables are kept between calls.",
    parameters={
        "type": "object",
        "properties": {"code": {"type": "string", "description": "The code to run."}},
        "required": ["code"],
        "additionalProperties": False,
    },
)

NO_JSON = 'The arguments are not JSON, and nothing was run. They must be an object such as {"code": "..."}.'
NO_CODE = "The call holds no code, and nothing was run. Its arguments must have a text `code`."
NO_SUCH_TOOL = "There is no tool {name!r}, and nothing was run. The only tool is `python`."
NOT_RUN = "Not run."
BROKEN = "not_json"
"""The name under which arguments that are no JSON go back: some servers refuse to read them as they are."""


@dataclass(frozen=True)
class Calls:
    """Code as calls of a tool; see `Manner`."""

    stop: tuple[str, ...] = ()

    def told(self, prompt: Prompt, libraries: str) -> str:
        """See `Manner.told`."""
        return PROTOCOL[prompt.language].replace("{libraries}", libraries)

    def extras(self, *, more: bool) -> Extras:
        """The tool; in the end it stays known, as the conversation is about it, and may not be called."""
        return Extras(tools=(PYTHON,), tool_choice="auto" if more else "none")

    def asked(self, reply: Generation) -> list[Asked]:
        """The calls of a reply that was not cut off."""
        return [] if reply.finish_reason == "length" else [read(call) for call in reply.tool_calls]

    def answered(self, reply: Generation, outputs: Sequence[str]) -> list[Message]:
        """See `Manner.answered`."""
        calls = tuple(msgspec.structs.replace(c, arguments=sendable(c.arguments)) for c in reply.tool_calls)
        said = Message(role="assistant", content=reply.text, tool_calls=calls, reasoning=reply.reasoning)
        results = zip(calls, outputs, strict=True)
        return [said, *(Message(role="tool", content=out, tool_call_id=c.id) for c, out in results)]

    def passed_over(self, reply: Generation) -> list[Message]:
        """See `Manner.passed_over`."""
        if not reply.tool_calls:
            return [Message(role="assistant", content=reply.text)]
        return self.answered(reply, [NOT_RUN] * len(reply.tool_calls))


def read(call: ToolCall) -> Asked:
    """What a call asks for, or what is wrong with it."""
    if call.name != PYTHON.name:
        return Asked(call.arguments, NO_SUCH_TOOL.format(name=call.name))
    try:
        arguments = msgspec.json.decode(call.arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        return Asked(call.arguments, NO_JSON)
    code = arguments.get("code") if isinstance(arguments, dict) else None
    if not isinstance(code, str) or not code.strip():
        return Asked(call.arguments, NO_CODE)
    return Asked(code)


def sendable(arguments: str) -> str:
    """Arguments as they can go back in the conversation: an object, with what is none inside of one."""
    try:
        if isinstance(msgspec.json.decode(arguments or "{}"), dict):
            return arguments or "{}"
    except (msgspec.DecodeError, RecursionError):
        pass
    return msgspec.json.encode({BROKEN: arguments}).decode()
