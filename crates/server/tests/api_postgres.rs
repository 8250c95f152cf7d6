//! All of `tests/api` with PostgreSQL behind the server instead of the embedded database, and what only PostgreSQL
//! brings with it: several servers, and a database that can be away.
#![cfg(unix)]

#[path = "api/main.rs"]
mod api;
#[path = "postgres/away.rs"]
mod away;
#[path = "postgres/processes.rs"]
mod processes;
#[path = "postgres/servers.rs"]
mod servers;
#[path = "postgres/start.rs"]
mod start;
#[path = "postgres/statements.rs"]
mod statements;
#[path = "postgres/tls.rs"]
mod tls;

use api::support;

fn database(place: &support::Place) -> &gatebook_postgres_fixture::Database {
    place.database.as_ref().expect("in this binary every place has one")
}
