//! Whole devices against a real server in the process, over real HTTP. Each test reads like the rule it checks; what
//! stands between device and server (a link that is cut, a reply that is lost, a page that is refused) is a stand-in
//! around the real way.

mod background;
mod bad_pages;
mod certificates;
mod conflict;
mod corrections;
mod damage;
mod enrolment;
mod forms;
mod in_flight;
mod known;
mod left_empty;
mod network;
mod newer_schema;
mod nobody;
mod notifications;
mod nudges;
mod photos;
#[cfg(target_os = "linux")]
mod proxies;
mod rejection;
mod saving;
mod support;
mod tls;
mod verdicts;
