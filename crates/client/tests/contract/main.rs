//! The sync contract between real devices and a real server, rule by rule. Device and server meet in one process, every
//! message as JSON; nothing runs unless a test says so.

mod consistency;
mod healing;
mod history;
mod negotiation;
mod notices;
mod scopes;
mod stuck;
mod support;
mod unknown_fields;
