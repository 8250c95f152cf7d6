//! The server as its callers see it: over HTTP, with a real database, a clock that the tests hold and ids that they
//! can count. Grouped by behaviour.

mod admin;
mod attribution;
mod bad_input;
mod by_the_document;
mod clock;
mod command_line;
mod conflict;
mod consistency;
mod drafts;
mod embedded;
mod enrolment;
mod epoch;
mod golden;
mod identity;
mod limits;
mod memory;
mod notices;
mod nudges;
mod openapi;
mod own_writes;
mod paging;
#[cfg(unix)]
mod private_files;
mod refused_folder;
mod rejects;
mod repeat;
mod reports;
pub(crate) mod support;
mod tls;
mod writes;
