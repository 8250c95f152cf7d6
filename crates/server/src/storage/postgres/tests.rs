//! What only two sessions on one database can show.

use gatebook_postgres_fixture as fixture;
use uuid::Uuid;

use super::*;

fn open(database: &fixture::Database) -> Database {
    Database::open(&database.url(), 2, Epoch(10)).unwrap()
}

#[test]
fn the_epoch_never_goes_back_whoever_comes_last() {
    let database = fixture::Database::new();
    let (one, other) = (open(&database), open(&database));
    one.write(|late| {
        assert_eq!(late.epoch()?, Epoch(10));
        other.write(|early| early.begin_epoch(Epoch(100)))?;
        assert_eq!(late.begin_epoch(Epoch(50))?, Epoch(100));
        Ok(())
    })
    .unwrap();
    assert_eq!(one.read(|reading| reading.epoch()).unwrap(), Epoch(100));
}

#[test]
fn who_begins_an_epoch_has_the_counters_of_all_tenants() {
    let database = fixture::Database::new();
    let server = open(&database);
    server
        .write(|writing| {
            writing.put_tenant(Uuid::from_u128(1), "one")?;
            writing.put_tenant(Uuid::from_u128(2), "other").map(drop)
        })
        .unwrap();
    let free = "SELECT count(*) FROM (SELECT 1 FROM tenant_counters FOR UPDATE SKIP LOCKED) AS free";
    assert_eq!(database.sql(free), "2");
    server
        .write(|beginning| {
            beginning.take_every_counter()?;
            assert_eq!(database.sql(free), "0");
            Ok(())
        })
        .unwrap();
}
