//! The contract: one call with its reply.
