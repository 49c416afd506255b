/// Marks a layer over services that answer with a stream of results.
#[derive(Debug, Clone, Copy)]
pub enum Streams {}

/// Marks a layer over services that answer with an HTTP response.
#[derive(Debug, Clone, Copy)]
pub enum Bodies {}

/// Marks a layer over connectors: services that are given a [`Target`](crate::Target) and answer with a service.
#[derive(Debug, Clone, Copy)]
pub enum Connections {}
