//! Forward-only schema upgrades. A shipped one is never edited: its checksum lies in every database that ran it.
//! Servers that start at once on one database wait for each other here.

use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use super::failure::failed;
use crate::error::ServerError;

const UPGRADES: &[&str] = &[
    include_str!("0001_initial.sql"),
    include_str!("0002_photos.sql"),
    include_str!("0003_ranges.sql"),
    include_str!("0004_swept_at.sql"),
    include_str!("0005_followed.sql"),
    include_str!("0006_filed_at.sql"),
    include_str!("0007_attribution.sql"),
    include_str!("0008_repeated_enrolment.sql"),
    include_str!("0009_notices.sql"),
    include_str!("0010_uploads_of_device.sql"),
    include_str!("0011_merged_drafts.sql"),
];

/// Brings the database to the schema of this version, in the transaction that is open.
pub(super) async fn run(client: &Client) -> Result<(), ServerError> {
    client.batch_execute(include_str!("begin.sql")).await.map_err(failed)?;
    let rows = client.query("SELECT checksum FROM upgrades ORDER BY number", &[]).await.map_err(failed)?;
    let ran: Vec<Vec<u8>> = rows.iter().map(|row| row.get(0)).collect();
    if ran.len() > UPGRADES.len() {
        return Err(ServerError::TooNew { found: ran.len(), known: UPGRADES.len() });
    }
    for (at, sql) in UPGRADES.iter().enumerate() {
        let (number, checksum) = (at + 1, Sha256::digest(sql).to_vec());
        match ran.get(at) {
            Some(ran) if *ran != checksum => return Err(ServerError::UpgradeEdited(number)),
            Some(_) => {}
            None => {
                client.batch_execute(sql).await.map_err(failed)?;
                client.execute("INSERT INTO upgrades (checksum) VALUES ($1)", &[&checksum]).await.map_err(failed)?;
            }
        }
    }
    Ok(())
}
