//! One JSON-RPC message: the frame's own bytes, and an envelope found by one scan.
