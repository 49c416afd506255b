"""Runs the official Python SDK against one server, and prints one line of JSON with what it found.

client.py --mode legacy|auto --server everything|fixture [--skip CHECK,...] (--url URL | -- COMMAND ARGS...)

Exit codes: 0 every check passed, 1 one failed (the message is on stderr), 2 bad arguments. The checks are those of `js/checks.mjs`.
"""

import argparse
import json
import sys
import traceback
from contextlib import AsyncExitStack

import anyio
import mcp
import mcp_types as types
from mcp.client.stdio import StdioServerParameters

SERVERS = {
    "everything": {
        "tools": ["echo", "trigger-long-running-operation", "trigger-sampling-request", "trigger-elicitation-request"],
        "echo": lambda text: ("echo", {"message": text}, f"Echo: {text}"),
        "slow": lambda steps: ("trigger-long-running-operation", {"duration": steps * 0.03, "steps": steps}),
        "sampling": lambda prompt: ("trigger-sampling-request", {"prompt": prompt, "maxTokens": 50}),
        "elicitation": lambda message: ("trigger-elicitation-request", {}),
        "probes": False,
    },
    "fixture": {
        "tools": ["echo", "slow", "test_sampling", "test_elicitation", "pid", "sleep", "cancelled_count"],
        "echo": lambda text: ("echo", {"message": text}, text),
        "slow": lambda steps: ("slow", {"steps": steps, "ms": 30}),
        "sampling": lambda prompt: ("test_sampling", {"prompt": prompt}),
        "elicitation": lambda message: ("test_elicitation", {"message": message}),
        "probes": True,
    },
}


class Failed(Exception):
    """A check that failed, with a sentence that says what was wrong."""


def check(holds, message):
    if not holds:
        raise Failed(message)


def text(result):
    return next(item.text for item in result.content if item.type == "text")


def whole(result):
    return " ".join(item.text for item in result.content if item.type == "text")


class Peer:
    """What one client is asked and told, counted."""

    def __init__(self, target, mode):
        self.seen = {"sampling": 0, "elicitation": 0, "roots": 0, "tools_changed": 0}
        self.client = mcp.Client(
            target,
            mode=mode,
            sampling_callback=self.sampling,
            elicitation_callback=self.elicitation,
            list_roots_callback=self.roots,
            message_handler=self.message,
            read_timeout_seconds=60,
        )

    async def sampling(self, _context, params):
        self.seen["sampling"] += 1
        asked = str(params.messages)
        content = types.TextContent(type="text", text=f"answer to {asked}")
        return types.CreateMessageResult(role="assistant", content=content, model="peer")

    async def elicitation(self, _context, _params):
        self.seen["elicitation"] += 1
        content = {"name": "Alice", "username": "alice", "email": "alice@example.com"}
        return types.ElicitResult(action="accept", content=content)

    async def roots(self, _context):
        self.seen["roots"] += 1
        return types.ListRootsResult(roots=[types.Root(uri="file:///peer", name="peer")])

    async def message(self, message):
        if isinstance(message, types.ToolListChangedNotification):
            self.seen["tools_changed"] += 1


def leaves(error):
    """The errors themselves, out of the groups that task groups wrap around them."""
    inner = getattr(error, "exceptions", None)
    return [error] if inner is None else [leaf for group in inner for leaf in leaves(group)]


async def eventually(holds, message):
    with anyio.move_on_after(10):
        while not await holds():
            await anyio.sleep(0.02)
        return
    raise Failed(message)


async def echo(client, server, words):
    name, args, expected = server["echo"](words)
    answer = text(await client.call_tool(name, args))
    check(answer == expected, f"echo of {words!r} came back as {answer!r}")


async def progress(client, server, steps):
    name, args = server["slow"](steps)
    events = []

    async def on_progress(done, total, _message):
        events.append((done, total))

    result = await client.call_tool(name, args, progress_callback=on_progress)
    check(not result.is_error, f"the long call failed: {whole(result)}")
    found = list(events)
    await anyio.sleep(0)
    check(found == events, "a progress event came after the result")
    expected = [(step, steps) for step in range(1, steps + 1)]
    # The reference server's last event and its result leave together; the SDK may hand them over in either order.
    check(found == expected or (not server["probes"] and found == expected[:-1]), f"progress was {found}, not {expected}")


async def cancel(client):
    async def count():
        return int(text(await client.call_tool("cancelled_count", {})))

    before = await count()
    async with anyio.create_task_group() as group:
        group.start_soon(client.call_tool, "sleep", {"ms": 30_000})
        # The call has to be on its way before it can be taken back.
        for _ in range(3):
            await client.call_tool("echo", {"message": "barrier"})
        group.cancel_scope.cancel()

    async def heard():
        return await count() > before

    await eventually(heard, "the server never heard of the cancellation")


async def news(peer, client):
    async def told():
        await client.call_tool("test_trigger_tool_change", {})
        return peer.seen["tools_changed"] > 0

    if client.protocol_version < "2026-07-28":
        await eventually(told, "no news of a changed list of tools")
        return
    async with client.listen(tools_list_changed=True) as subscription:
        await client.call_tool("test_trigger_tool_change", {})
        with anyio.move_on_after(10):
            async for _event in subscription:
                return
    raise Failed("no news of a changed list of tools")


async def single(peer, client, server, skip):
    """One client's whole life, but for its end."""
    passed = []

    async def run(name, body):
        if name in skip:
            return
        try:
            await body()
        except Exception as error:
            raise Failed(f"{name}: {error}") from error
        passed.append(name)

    async def listed():
        names = [tool.name for tool in (await client.list_tools()).tools]
        missing = [name for name in server["tools"] if name not in names]
        check(not missing, f"tools/list lacks {missing}; it has {names}")

    async def sampled():
        name, args = server["sampling"]("why is the sky blue?")
        answer = whole(await client.call_tool(name, args))
        check(peer.seen["sampling"] == 1, f"the model was asked {peer.seen['sampling']} times")
        check("why is the sky blue?" in answer and "answer to" in answer, f"the answer got lost: {answer}")

    async def elicited():
        name, args = server["elicitation"]("who are you?")
        answer = whole(await client.call_tool(name, args))
        check(peer.seen["elicitation"] == 1, f"the user was asked {peer.seen['elicitation']} times")
        check("alice" in answer.lower(), f"the answer got lost: {answer}")

    async def refused():
        try:
            result = await client.call_tool("no-such-tool", {})
        except mcp.MCPError:
            return
        check(result.is_error, f"an unknown tool answered {whole(result)}")

    async def asked_for_roots():
        async def asked():
            return peer.seen["roots"] > 0

        await eventually(asked, "the server never asked for roots")

    async def read():
        contents = (await client.read_resource("test://template/42/data")).contents
        check("Data for ID: 42" in contents[0].text, f"the resource is {contents}")

    async def prompted():
        messages = (await client.get_prompt("test_prompt_with_arguments", {"arg1": "ä", "arg2": "b"})).messages
        check("arg1='ä', arg2='b'" in messages[0].content.text, f"the prompt is {messages}")

    async def mirrored():
        answer = text(await client.call_tool("test_x_mcp_header", {"region": "Zürich"}))
        check(answer == 'Region: "Zürich"', f"the mirrored argument came back as {answer}")

    await run("list", listed)
    await run("echo", lambda: echo(client, server, 'grüße, "\\"\n\u2028 \U0001f980'))
    await run("large", lambda: echo(client, server, "x" * 1_000_000))
    await run("progress", lambda: progress(client, server, 12))
    await run("sampling", sampled)
    await run("elicitation", elicited)
    await run("error", refused)
    if server["probes"]:
        await run("resource", read)
        await run("prompt", prompted)
        await run("header", mirrored)
        await run("news", lambda: news(peer, client))
        await run("cancel", lambda: cancel(client))
    else:
        await run("roots", asked_for_roots)
    return passed


async def crowd(target, mode, count, server):
    """Several clients at once, each with several calls: no answer and no progress may cross."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Peer(target, mode).client) for _ in range(count)]
        async with anyio.create_task_group() as group:
            for index, client in enumerate(clients):
                for call in range(8):
                    group.start_soon(echo, client, server, f"client {index}, call {call}")
                group.start_soon(progress, client, server, 3 + index)
                group.start_soon(progress, client, server, 4 + index)
        if not server["probes"]:
            return []
        return [int(text(await client.call_tool("pid", {}))) for client in clients]


async def main(args):
    server = SERVERS[args.server]
    target = args.url or StdioServerParameters(command=args.command[0], args=args.command[1:])
    peer = Peer(target, args.mode)
    async with peer.client as client:
        version = client.protocol_version
        passed = await single(peer, client, server, args.skip.split(","))
    pids = await crowd(target, args.mode, 5 if args.url else 2, server)
    passed += ["crowd", "close"]
    print(json.dumps({"sdk": "python", "mode": args.mode, "version": version, "passed": passed, "pids": pids}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=["legacy", "auto"], default="auto")
    parser.add_argument("--server", choices=SERVERS, default="everything")
    parser.add_argument("--skip", default="")
    parser.add_argument("--url")
    parser.add_argument("command", nargs="*")
    arguments = parser.parse_args()
    if bool(arguments.url) == bool(arguments.command):
        parser.error("give either --url URL or -- COMMAND ARGS...")
    try:
        anyio.run(main, arguments)
    except BaseException as error:
        for leaf in leaves(error):
            print(f"python {arguments.mode} against {arguments.server}: {leaf!r}", file=sys.stderr)
            traceback.print_exception(leaf, limit=-4)
        sys.exit(1)
