// What every client does to every server. A check that fails throws, with a sentence that says what was wrong.

/** Everything a client may be asked, counted. */
export function handlers() {
  const seen = { sampling: 0, elicitation: 0, roots: 0, toolsChanged: 0 };
  return {
    seen,
    sampling: async (request) => {
      seen.sampling += 1;
      const asked = JSON.stringify(request.params.messages);
      return { role: 'assistant', content: { type: 'text', text: `answer to ${asked}` }, model: 'peer' };
    },
    elicitation: async () => {
      seen.elicitation += 1;
      return { action: 'accept', content: { name: 'Alice', username: 'alice', email: 'alice@example.com' } };
    },
    roots: async () => {
      seen.roots += 1;
      return { roots: [{ uri: 'file:///peer', name: 'peer' }] };
    },
    toolsChanged: async () => {
      seen.toolsChanged += 1;
    },
  };
}

export function check(holds, message) {
  if (!holds) throw new Error(message);
}

const text = (result) => result.content?.find((item) => item.type === 'text')?.text;
const whole = (result) => JSON.stringify(result.content);

/** Polls until something holds. */
async function eventually(holds, message) {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    check(Date.now() < deadline, message);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function echo(client, server, words) {
  const [name, args, expected] = server.echo(words);
  const answer = text(await client.callTool(name, args));
  check(answer === expected, `echo of ${JSON.stringify(words)} came back as ${JSON.stringify(answer)}`);
}

async function progress(client, server, steps) {
  const [name, args] = server.slow(steps);
  const events = [];
  let done = false;
  const onprogress = (event) => {
    check(!done, 'a progress event came after the result');
    events.push(event);
  };
  const result = await client.callTool(name, args, { onprogress });
  done = true;
  check(!result.isError, `the long call failed: ${whole(result)}`);
  const found = events.map((event) => event.progress);
  const expected = Array.from({ length: steps }, (_, index) => index + 1);
  // An SDK forgets the token as soon as it reads the result, and with it an event that came in the same chunk.
  if (server.endsOnProgress && found.length === steps - 1) expected.pop();
  check(String(found) === String(expected), `progress was [${found}] and should be [${expected}]`);
  check(events.every((event) => event.total === steps), 'a progress event has another total');
}

async function cancel(client) {
  const count = async () => Number(text(await client.callTool('cancelled_count', {})));
  const before = await count();
  const abort = new AbortController();
  const sleeping = client.callTool('sleep', { ms: 30_000 }, { signal: abort.signal }).then(
    () => 'answered',
    () => 'failed',
  );
  // The call has to be on its way before it can be taken back.
  await echoBarrier(client);
  abort.abort();
  check((await sleeping) === 'failed', 'a call that was aborted answered');
  await eventually(async () => (await count()) > before, 'the server never heard of the cancellation');
}

/** A round trip that starts after everything sent before it. */
async function echoBarrier(client) {
  for (let round = 0; round < 3; round += 1) await client.callTool('echo', { message: 'barrier' });
}

/** One client's whole life, but for its end. Returns the names of the checks that it passed. */
export async function single(client, server, calls, skip) {
  const passed = [];
  const run = async (name, body) => {
    if (skip.has(name)) return;
    try {
      await body();
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    }
    passed.push(name);
  };

  await run('list', async () => {
    const names = (await client.listTools()).map((tool) => tool.name);
    const missing = server.tools.filter((name) => !names.includes(name));
    check(missing.length === 0, `tools/list lacks ${missing}; it has ${names}`);
  });
  await run('echo', () => echo(client, server, 'grüße, "\\"\n\u2028 \u{1F980}'));
  await run('large', () => echo(client, server, 'x'.repeat(1_000_000)));
  await run('progress', () => progress(client, server, 12));
  await run('sampling', async () => {
    const [name, args] = server.sampling('why is the sky blue?');
    const answer = whole(await client.callTool(name, args));
    check(calls.seen.sampling === 1, `the model was asked ${calls.seen.sampling} times`);
    check(answer.includes('why is the sky blue?') && answer.includes('answer to'), `the answer got lost: ${answer}`);
  });
  await run('elicitation', async () => {
    const [name, args] = server.elicitation('who are you?');
    const answer = whole(await client.callTool(name, args));
    check(calls.seen.elicitation === 1, `the user was asked ${calls.seen.elicitation} times`);
    check(/alice/i.test(answer), `the answer got lost: ${answer}`);
  });
  await run('error', async () => {
    const outcome = await client.callTool('no-such-tool', {}).then(
      (result) => (result.isError ? 'error' : whole(result)),
      () => 'error',
    );
    check(outcome === 'error', `an unknown tool answered ${outcome}`);
  });
  if (server.asksForRoots) {
    await run('roots', () => eventually(() => calls.seen.roots > 0, 'the server never asked for roots'));
  }
  if (server.probes) {
    await run('resource', async () => {
      const { contents } = await client.readResource('test://template/42/data');
      check(contents[0].text.includes('Data for ID: 42'), `the resource is ${JSON.stringify(contents)}`);
    });
    await run('prompt', async () => {
      const { messages } = await client.getPrompt('test_prompt_with_arguments', { arg1: 'ä', arg2: 'b' });
      check(messages[0].content.text.includes("arg1='ä', arg2='b'"), `the prompt is ${JSON.stringify(messages)}`);
    });
    await run('header', async () => {
      const answer = text(await client.callTool('test_x_mcp_header', { region: 'Zürich' }));
      check(answer === 'Region: "Zürich"', `the mirrored argument came back as ${answer}`);
    });
    await run('news', async () => {
      await client.listen();
      await eventually(async () => {
        await client.callTool('test_trigger_tool_change', {});
        return calls.seen.toolsChanged > 0;
      }, 'no news of a changed list of tools');
    });
    await run('cancel', () => cancel(client));
  }
  return passed;
}

/** Several clients at once, each with several calls: no answer and no progress may cross. Returns the children's process ids. */
export async function crowd(connect, count, server) {
  const clients = await Promise.all(Array.from({ length: count }, () => connect()));
  try {
    await Promise.all(
      clients.flatMap((client, index) => [
        ...Array.from({ length: 8 }, (_, call) => echo(client, server, `client ${index}, call ${call}`)),
        progress(client, server, 3 + index),
        progress(client, server, 4 + index),
      ]),
    );
    if (!server.probes) return [];
    return await Promise.all(clients.map(async (client) => Number(text(await client.callTool('pid', {})))));
  } finally {
    await Promise.all(clients.map((client) => client.endSession()));
    await Promise.all(clients.map((client) => client.close()));
  }
}
