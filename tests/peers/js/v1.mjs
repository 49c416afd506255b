// The official TypeScript SDK, version 1: legacy only.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

/** One connected client, with the same methods as the one of `v2.mjs`. */
export async function connect({ url, command, handlers }) {
  const client = new Client(
    { name: 'tower-transport-peer-v1', version: '1.0.0' },
    { capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } } },
  );
  client.setRequestHandler(CreateMessageRequestSchema, handlers.sampling);
  client.setRequestHandler(ElicitRequestSchema, handlers.elicitation);
  client.setRequestHandler(ListRootsRequestSchema, handlers.roots);
  client.setNotificationHandler(ToolListChangedNotificationSchema, handlers.toolsChanged);
  const transport = url
    ? new StreamableHTTPClientTransport(new URL(url))
    : new StdioClientTransport({ command: command[0], args: command.slice(1), stderr: 'inherit' });
  await client.connect(transport);
  return {
    version: transport.protocolVersion ?? 'legacy',
    listTools: async () => (await client.listTools()).tools,
    callTool: (name, args, options = {}) => client.callTool({ name, arguments: args }, undefined, options),
    readResource: (uri) => client.readResource({ uri }),
    getPrompt: (name, args) => client.getPrompt({ name, arguments: args }),
    // The GET stream is opened by the SDK on its own.
    listen: async () => {},
    // `close()` alone leaves the session behind.
    endSession: async () => transport.terminateSession?.(),
    close: () => client.close(),
  };
}
