//! rmcp, both sides, over its non-blocking pipes.

use crate::Variant;
use crate::measure::{Cell, Meter, Sample, command, params};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::TokioChildProcess;
use rmcp::{ErrorData, ServerHandler, ServiceExt};
use std::sync::Arc;
use tokio::time::Instant;

struct Echo {
    text: String,
}

impl ServerHandler for Echo {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::success(vec![ContentBlock::text(self.text.clone())]).into())
    }
}

pub(crate) async fn server(payload: usize) {
    let echo = Echo { text: params(payload) };
    let service = echo.serve(rmcp::transport::stdio_pipes()).await.expect("initialised");
    service.waiting().await.expect("served to the end");
}

pub(crate) async fn client(cell: Cell) -> Sample {
    let transport = TokioChildProcess::new(command(Variant::Rmcp, cell)).expect("a child");
    let pid = transport.id().expect("runs");
    let client = ().serve(transport).await.expect("initialised");
    let meter = Arc::new(Meter::start(pid, cell));
    let arguments = serde_json::json!({"text": params(cell.payload)});
    let arguments = arguments.as_object().expect("an object").clone();
    let callers: Vec<_> = (0..cell.window)
        .map(|_| {
            let (meter, peer, arguments) = (meter.clone(), client.peer().clone(), arguments.clone());
            tokio::spawn(async move {
                loop {
                    let started = Instant::now();
                    if started >= meter.deadline {
                        return;
                    }
                    let call = CallToolRequestParams::new("echo").with_arguments(arguments.clone());
                    peer.call_tool(call).await.expect("answered");
                    meter.record(started.elapsed());
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    let sample = meter.finish();
    client.cancel().await.expect("ended");
    sample
}
