// The official TypeScript SDK, version 2: legacy, or whatever the server speaks.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

/** One connected client, with the same methods as the one of `v1.mjs`. */
export async function connect({ url, command, mode, handlers }) {
  const client = new Client(
    { name: 'tower-transport-peer-v2', version: '1.0.0' },
    {
      capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } },
      versionNegotiation: { mode },
    },
  );
  client.setRequestHandler('sampling/createMessage', handlers.sampling);
  client.setRequestHandler('elicitation/create', handlers.elicitation);
  client.setRequestHandler('roots/list', handlers.roots);
  client.setNotificationHandler('notifications/tools/list_changed', handlers.toolsChanged);
  const transport = url
    ? new StreamableHTTPClientTransport(new URL(url))
    : new StdioClientTransport({ command: command[0], args: command.slice(1), stderr: 'inherit' });
  await client.connect(transport);
  let subscription;
  return {
    version: client.getNegotiatedProtocolVersion(),
    listTools: async () => (await client.listTools()).tools,
    callTool: (name, args, options = {}) => client.callTool({ name, arguments: args }, options),
    readResource: (uri) => client.readResource({ uri }),
    getPrompt: (name, args) => client.getPrompt({ name, arguments: args }),
    listen: async () => {
      if (client.getProtocolEra() === 'modern') {
        subscription = await client.listen({ toolsListChanged: true });
      }
    },
    endSession: async () => {
      await subscription?.close();
      await transport.terminateSession?.();
    },
    close: () => client.close(),
  };
}
