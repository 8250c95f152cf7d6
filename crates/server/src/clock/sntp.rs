//! Asking a time server what time it is: one datagram there and one back (SNTP, RFC 4330; the format is that of RFC 5905).

use std::io::{Error, ErrorKind, Result};
use std::net::{ToSocketAddrs as _, UdpSocket};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Bytes of a message.
const LENGTH: usize = 48;
/// How long the answer is waited for: somebody's request waits as well.
const PATIENCE: Duration = Duration::from_secs(2);
/// The port, if the address names none.
const PORT: u16 = 123;
/// No leap warning, version 4, from a client.
const ASKING: u8 = 0b00_100_011;
const MODE: u8 = 0b111;
const FROM_SERVER: u8 = 4;
/// The server does not know the time itself.
const UNSYNCHRONIZED: u8 = 3;
/// Seconds from 1900, where its time begins, to 1970.
const TO_1970: i64 = 2_208_988_800;
/// Its seconds are counted modulo this: from 2036 on they begin anew.
const ERA: i64 = 1 << 32;
/// The seconds with which 2020 began: fewer are of the next era.
const AT_2020: i64 = 3_786_825_600;

/// What time it is now, by that server: `host` or `host:port`.
pub(super) fn ask(server: &str) -> Result<Timestamp> {
    let mut addresses = match server.to_socket_addrs() {
        Ok(found) => found,
        Err(_) => (server, PORT).to_socket_addrs()?,
    };
    let address = addresses.next().ok_or_else(|| Error::new(ErrorKind::NotFound, "no address of that name"))?;
    let socket = UdpSocket::bind(if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(address)?;
    let mut question = [0; LENGTH];
    question[0] = ASKING;
    // Not our time, which is nobody's business and may be wrong, but a number of chance: who did not get the question
    // cannot answer it.
    let cookie = crate::secret::bytes::<8>().map_err(Error::other)?;
    question[40..].copy_from_slice(&cookie);
    let begun = Instant::now();
    socket.send(&question)?;
    let mut answer = [0; LENGTH];
    let length = socket.recv(&mut answer)?;
    let way = begun.elapsed() / 2;
    let told = read(answer.get(..length).unwrap_or_default(), cookie).ok_or_else(|| {
        Error::new(ErrorKind::InvalidData, "the answer is not that of a time server that knows the time")
    })?;
    Ok(told.checked_add(way).unwrap_or(told))
}

/// The time in an answer to the question with that cookie.
fn read(answer: &[u8], cookie: [u8; 8]) -> Option<Timestamp> {
    let answer: &[u8; LENGTH] = answer.try_into().ok()?;
    let knows_it = answer[0] >> 6 != UNSYNCHRONIZED && (1..=15).contains(&answer[1]);
    let is_answer = answer[0] & MODE == FROM_SERVER && answer[24..32] == cookie;
    let [seconds, fraction] = [&answer[40..44], &answer[44..48]]
        .map(|bytes| bytes.try_into().map_or(0, |bytes| i64::from(u32::from_be_bytes(bytes))));
    if !knows_it || !is_answer || (seconds, fraction) == (0, 0) {
        return None;
    }
    let seconds = if seconds < AT_2020 { seconds + ERA } else { seconds };
    let microseconds = (fraction * 1_000_000) >> 32;
    Timestamp::from_second(seconds - TO_1970).ok()?.checked_add(SignedDuration::from_micros(microseconds)).ok()
}

/// Answers one question as a time server at which it is that time, to the second.
#[cfg(test)]
pub(super) fn answer_once(socket: &UdpSocket, time: Timestamp) {
    let mut question = [0; LENGTH];
    let (_, from) = socket.recv_from(&mut question).unwrap();
    socket.send_to(&tests::answer(question[40..].try_into().unwrap(), time), from).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn answer(cookie: [u8; 8], time: Timestamp) -> [u8; LENGTH] {
        let mut answer = [0; LENGTH];
        (answer[0], answer[1]) = (0b00_100_100, 2);
        answer[24..32].copy_from_slice(&cookie);
        let seconds = u32::try_from((time.as_second() + TO_1970) % ERA).unwrap();
        answer[40..44].copy_from_slice(&seconds.to_be_bytes());
        answer
    }

    #[test]
    fn the_time_is_read_on_either_side_of_2036() {
        for time in ["2026-03-04T15:00:00Z", "2036-02-07T06:28:15Z", "2036-02-07T06:28:16Z", "2099-01-01T00:00:00Z"] {
            let time: Timestamp = time.parse().unwrap();
            let mut answer = answer(*b"question", time);
            // A second may be so little that nothing else tells the two apart.
            answer[44] = 0x80;
            let read = read(&answer, *b"question").unwrap();
            assert_eq!(read, time.checked_add(SignedDuration::from_millis(500)).unwrap());
        }
    }

    #[test]
    fn only_an_answer_to_the_question_from_a_server_that_knows_the_time_counts() {
        let genuine = answer(*b"question", "2026-03-04T15:00:00Z".parse().unwrap());
        assert!(read(&genuine, *b"question").is_some());
        assert!(read(&genuine, *b"another!").is_none());
        assert!(read(&genuine[..47], *b"question").is_none());
        let alterations: [(&str, usize, u8); 4] = [
            ("not synchronized", 0, 0b11_100_100),
            ("a question", 0, ASKING),
            ("no stratum", 1, 0),
            ("too far", 1, 16),
        ];
        for (what, at, byte) in alterations {
            let mut altered = genuine;
            altered[at] = byte;
            assert!(read(&altered, *b"question").is_none(), "{what}");
        }
    }
}
