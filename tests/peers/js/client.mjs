// Runs one official SDK against one server, and prints one line of JSON with what it found.
//
//   client.mjs --sdk v1|v2 --mode legacy|auto --server everything|fixture [--skip CHECK,...] (--url URL | -- COMMAND ARGS...)
//
// Exit codes: 0 every check passed, 1 one failed (the message is on stderr), 2 bad arguments.
import { parseArgs } from 'node:util';

import { crowd, handlers, single } from './checks.mjs';
import { servers } from './servers.mjs';

const { values, positionals: command } = parseArgs({
  allowPositionals: true,
  options: {
    sdk: { type: 'string', default: 'v1' },
    mode: { type: 'string', default: 'legacy' },
    server: { type: 'string', default: 'everything' },
    skip: { type: 'string', default: '' },
    url: { type: 'string' },
  },
});
const server = servers[values.server];
if (!server || !['v1', 'v2'].includes(values.sdk) || Boolean(values.url) === command.length > 0) {
  console.error('usage: client.mjs --sdk v1|v2 --mode legacy|auto --server everything|fixture (--url URL | -- COMMAND ARGS...)');
  process.exit(2);
}

const { connect } = await import(`./${values.sdk}.mjs`);
const open = (calls) => connect({ url: values.url, command, mode: values.mode, handlers: calls });

try {
  const calls = handlers();
  const client = await open(calls);
  const passed = await single(client, server, calls, new Set(values.skip.split(',')));
  await client.endSession();
  await client.close();
  const pids = await crowd(() => open(handlers()), values.url ? 5 : 2, server);
  passed.push('crowd', 'close');
  console.log(JSON.stringify({ sdk: values.sdk, mode: values.mode, version: client.version, passed, pids }));
} catch (error) {
  console.error(`${values.sdk} ${values.mode} against ${values.server}: ${error.stack}`);
  process.exit(1);
}
