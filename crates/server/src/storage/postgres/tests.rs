//! What only two sessions on one database can show.

use gatebook_postgres_fixture as fixture;
use uuid::Uuid;

use super::*;

fn open(database: &fixture::Database) -> Database {
    Database::open(&database.url(), 2, Epoch(10), true).unwrap()
}

#[test]
fn the_epoch_never_goes_back_whoever_comes_last() {
    let database = fixture::Database::new();
    let (one, other) = (open(&database), open(&database));
    one.write(|late| {
        assert_eq!(late.epoch()?, Epoch(10));
        other.write(|early| early.begin_epoch(Epoch(100), Timestamp::UNIX_EPOCH))?;
        assert_eq!(late.begin_epoch(Epoch(50), Timestamp::UNIX_EPOCH)?, Epoch(100));
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

#[tokio::test]
async fn an_upgrade_takes_the_time_it_needs_and_what_comes_after_is_bounded_again() {
    let database = fixture::Database::new();
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let bounds = async || {
        let mut told = Vec::new();
        for setting in ["statement_timeout", "lock_timeout"] {
            let row = client.query_one(&format!("SHOW {setting}"), &[]).await.unwrap();
            told.push(row.get::<_, String>(0));
        }
        told
    };
    client.batch_execute("SET statement_timeout = '30s'; SET lock_timeout = '15s'; BEGIN").await.unwrap();
    upgrades::run(&client).await.unwrap();
    assert_eq!(bounds().await, ["0", "0"]);
    client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(bounds().await, ["30s", "15s"]);
}
