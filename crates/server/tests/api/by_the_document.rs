//! A device of another make, in Python, that was written from `/openapi.json` alone. It holds every request and answer
//! against that document, so it falls when either goes its own way. `cargo xtask setup` installs what it needs.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use super::epoch::now;
use crate::support::{TestServer, python, restore_backup};

#[tokio::test]
async fn a_device_can_be_written_from_the_document_alone() {
    let mut yard = TestServer::start().await;
    let backup = yard.place.join("backup");
    let codes = [0, 1].map(|_| yard.server.enrolment_code(None, &[yard.laredo(), yard.nuevo_laredo()], 72).unwrap());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/by_the_document");
    let mut program = Command::new(python())
        .arg(folder.join("story.py"))
        .arg(&yard.base)
        .args(&codes)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut answers, mut asked) =
        (program.stdin.take().unwrap(), BufReader::new(program.stdout.take().unwrap()).lines());
    while let Some(line) = asked.next_line().await.unwrap() {
        match line.split_once(' ') {
            Some(("revoke", device)) => yard.server.revoke(None, device).unwrap(),
            None if line == "backup" => yard.backup(&backup),
            None if line == "restore" => yard = yard.restarted(|place| restore_backup(place, &backup, now())).await,
            _ => panic!("{line}"),
        }
        answers.write_all(format!("{}\n", yard.base).as_bytes()).await.unwrap();
    }
    let mut told = String::new();
    program.stderr.take().unwrap().read_to_string(&mut told).await.unwrap();
    assert!(program.wait().await.unwrap().success(), "{told}");
}
