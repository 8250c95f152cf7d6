//! What a server finds when it starts: it works on what is its own, and says plainly why it does not.

use gatebook_server::{Config, Server, ServerError};

use crate::database;
use crate::support::Place;

fn refusal(config: Config) -> ServerError {
    Server::open(config).expect_err("it should not start")
}

/// All that is said of an error, as the command line prints it.
fn told(error: ServerError) -> String {
    format!("{:#}", anyhow::Error::from(error))
}

#[test]
fn servers_on_one_database_need_the_same_key() {
    let place = Place::new();
    let first = Server::open(place.config()).unwrap();
    let second = Server::open(place.config()).unwrap();
    assert_eq!(first.epoch().unwrap(), second.epoch().unwrap());

    let other = place.join("other.key");
    std::fs::write(&other, [8; 32]).unwrap();
    let refused = refusal(Config { key_file: Some(other), ..place.config() });
    assert!(matches!(refused, ServerError::WrongKey(_)));
    assert!(told(refused).contains("use the key file of the other servers"));
    let missing = refusal(Config { key_file: Some(place.join("missing.key")), ..place.config() });
    assert!(matches!(missing, ServerError::KeyMissing(_)));
    assert!(!place.join("missing.key").exists(), "none is made that fits nothing");
    assert!(matches!(refusal(Config { key_file: None, ..place.config() }), ServerError::NoKeyFile));
}

#[test]
fn a_key_that_is_lost_for_good_gives_way_only_when_the_office_says_so() {
    let place = Place::new();
    drop(Server::open(place.config()).unwrap());
    std::fs::remove_file(place.join("server.key")).unwrap();
    assert!(told(refusal(place.config())).contains("Only if it is lost for good, `serve --new-key` goes on"));
    drop(Server::open(Config { new_key: true, ..place.config() }).unwrap());
    drop(Server::open(place.config()).unwrap());
    std::fs::write(place.join("server.key"), [7; 32]).unwrap();
    assert!(matches!(refusal(place.config()), ServerError::WrongKey(_)), "the key of before is another one now");
}

#[test]
fn the_first_server_makes_the_key() {
    let place = Place::new();
    std::fs::remove_file(place.join("server.key")).unwrap();
    drop(Server::open(place.config()).unwrap());
    assert_eq!(std::fs::read(place.join("server.key")).unwrap().len(), 32);
    drop(Server::open(place.config()).unwrap());
}

#[test]
fn servers_that_start_at_once_on_an_empty_database_make_one_schema() {
    let place = Place::new();
    std::thread::scope(|scope| {
        let starting: Vec<_> = (0..4).map(|_| scope.spawn(|| Server::open(place.config()).unwrap().epoch())).collect();
        let epochs: Vec<_> = starting.into_iter().map(|server| server.join().unwrap().unwrap()).collect();
        assert!(epochs.windows(2).all(|pair| pair[0] == pair[1]));
    });
    assert_eq!(database(&place).sql("SELECT count(*) FROM server"), "1");
}

#[test]
fn an_edited_upgrade_and_a_newer_schema_are_noticed() {
    let place = Place::new();
    drop(Server::open(place.config()).unwrap());
    database(&place).sql("INSERT INTO upgrades (checksum) VALUES ('later'), ('still later')");
    assert!(matches!(refusal(place.config()), ServerError::TooNew { .. }));
    database(&place).sql("DELETE FROM upgrades WHERE checksum IN ('later', 'still later')");
    database(&place).sql("UPDATE upgrades SET checksum = 'another' WHERE number = 1");
    assert!(matches!(refusal(place.config()), ServerError::UpgradeEdited(1)));
}

#[test]
fn a_database_that_cannot_be_used_is_told_in_words() {
    let place = Place::new();
    let at = |database: String| Config { database: Some(database), ..place.config() };
    let nobody = told(refusal(at("postgres://127.0.0.1:1/gatebook?connect_timeout=2".to_owned())));
    assert!(nobody.contains("does not answer; check that it runs"), "{nobody}");
    let no_such = told(refusal(at(format!("{}_not", database(&place).url()))));
    assert!(no_such.contains("check user, password and name") && no_such.contains("does not exist"), "{no_such}");
}

#[test]
fn text_that_could_not_be_kept_is_refused_from_the_start() {
    let place = Place::new();
    let name = format!("{}_ascii", database(&place).url().rsplit('/').next().unwrap());
    database(&place).sql(&format!("CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0"));
    let ascii = Some(format!("{}_ascii", database(&place).url()));
    let refused = refusal(Config { database: ascii, ..place.config() });
    database(&place).sql(&format!("DROP DATABASE {name} WITH (FORCE)"));
    assert!(matches!(refused, ServerError::Encoding(_)));
}
