//! Tokens of the office: each has a name and an end, is listed, and can be taken back.

use jiff::SignedDuration;
use reqwest::{Method, Response};

use super::command_line::says;
use crate::support::{TestServer, api_error, client};

/// What comes of looking at the office's conflicts with that token.
async fn looks(yard: &TestServer, token: &str) -> Response {
    let url = format!("{}/v1/conflicts", yard.base);
    client().request(Method::GET, url).bearer_auth(token.trim()).send().await.unwrap()
}

async fn is_let_in(yard: &TestServer, token: &str) -> bool {
    looks(yard, token).await.status().is_success()
}

/// What somebody is told who is not let in.
async fn is_told(yard: &TestServer, token: &str) -> String {
    let (status, error) = api_error(looks(yard, token).await).await;
    assert_eq!(status, 401);
    error.message
}

#[tokio::test]
async fn a_token_is_listed_without_showing_it_and_is_taken_back_by_name_or_digits() {
    let yard = TestServer::start().await;
    let [danas, luis, another] =
        ["Dana Okafor", "Luis", "Luis"].map(|name| yard.server.admin_token_for(None, name, 30).unwrap());
    let listed = says(&yard.place, &["admin-tokens", "list"]);
    let line = |name: &str| listed.lines().find(|line| line.contains(name)).unwrap();
    assert!(line("Dana Okafor").ends_with("Dana Okafor, made 2026-03-04, good until 2026-04-03"), "{listed}");
    assert!(line("(no name)").ends_with("without an end"), "{listed}");
    assert!(!listed.contains(&danas), "{listed}");

    let told = says(&yard.place, &["admin-tokens", "revoke", "Dana Okafor"]);
    assert!(told.contains("Dana Okafor") && told.contains("taken back"), "{told}");
    assert!(is_told(&yard, &danas).await.contains("taken back"));
    assert!(says(&yard.place, &["admin-tokens", "list"]).contains("Dana Okafor, made 2026-03-04, taken back"));
    // Two have that name.
    let refused = yard.server.revoke_admin_token(None, "Luis").unwrap_err().to_string();
    assert!(refused.contains("fits 2 admin tokens"), "{refused}");
    let id = line("Luis").split(' ').next().unwrap();
    says(&yard.place, &["admin-tokens", "revoke", id]);
    let let_in = [is_let_in(&yard, &luis).await, is_let_in(&yard, &another).await];
    assert_eq!(let_in.iter().filter(|is_let_in| **is_let_in).count(), 1);
    assert!(is_let_in(&yard, &yard.seeded.admin_token).await);
}

#[tokio::test]
async fn a_token_ends_at_its_time_and_one_of_before_goes_on() {
    let yard = TestServer::start().await;
    let token = yard.server.admin_token_for(None, "Dana Okafor", 1).unwrap();
    assert!(is_let_in(&yard, &token).await);
    yard.environment.step(SignedDuration::from_hours(24));
    assert!(is_told(&yard, &token).await.contains("good until 2026-03-05"));
    // As the database of an earlier server has it.
    yard.place.execute("UPDATE admin_tokens SET made_at = NULL, expires_at = NULL");
    assert!(is_let_in(&yard, &token).await);
    assert!(says(&yard.place, &["admin-tokens", "list"]).contains("when it was made is not noted, without an end"));
}

#[tokio::test]
async fn a_token_that_was_taken_back_stays_so_when_a_backup_from_before_is_put_in_place() {
    let yard = TestServer::start().await;
    let token = yard.server.admin_token_for(None, "Dana Okafor", 30).unwrap();
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    yard.server.revoke_admin_token(None, "Dana Okafor").unwrap();
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    assert!(is_told(&yard, &token).await.contains("taken back"));
    assert!(is_let_in(&yard, &yard.seeded.admin_token).await);
}

#[tokio::test]
async fn of_a_token_only_its_hash_is_stored() {
    let yard = TestServer::embedded().await;
    let token = yard.server.admin_token_for(None, "Dana Okafor", 30).unwrap();
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    let stored = std::fs::read(backup).unwrap();
    assert!(!stored.windows(token.len()).any(|window| window == token.as_bytes()));
}
