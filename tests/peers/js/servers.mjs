// What the two servers behind the gateway call the same things.

export const servers = {
  // `@modelcontextprotocol/server-everything`, legacy.
  everything: {
    tools: ['echo', 'trigger-long-running-operation', 'trigger-sampling-request', 'trigger-elicitation-request'],
    echo: (text) => ['echo', { message: text }, `Echo: ${text}`],
    slow: (steps) => ['trigger-long-running-operation', { duration: steps * 0.03, steps }],
    // Its last progress event and its result leave together.
    endsOnProgress: true,
    sampling: (prompt) => ['trigger-sampling-request', { prompt, maxTokens: 50 }],
    elicitation: () => ['trigger-elicitation-request', {}],
    // It asks for roots on its own once the session is open, outside any call.
    asksForRoots: true,
  },
  // `tests/fixtures`, both eras.
  fixture: {
    tools: ['echo', 'slow', 'test_sampling', 'test_elicitation', 'pid', 'sleep', 'cancelled_count'],
    echo: (text) => ['echo', { message: text }, text],
    slow: (steps) => ['slow', { steps, ms: 30 }],
    sampling: (prompt) => ['test_sampling', { prompt }],
    elicitation: (message) => ['test_elicitation', { message }],
    asksForRoots: false,
    probes: true,
  },
};
