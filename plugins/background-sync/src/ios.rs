//! The C functions by which Swift (`ios/Sources/Rounds.swift`) enters. They need no webview and no running app.
#![allow(unsafe_code, reason = "C functions can be had in no other way")]
#![allow(unreachable_pub, reason = "what is found by its name is public, whatever the module")]

use std::ffi::{CStr, CString, OsStr, c_char};
use std::os::unix::ffi::OsStrExt as _;
use std::panic::catch_unwind;
use std::path::Path;

use gatebook_client::Surroundings;

use crate::models::RoundOutcome;
use crate::rounds;

/// Runs one round over the store in `data_dir`, for at most `seconds`, and returns how it ended, as
/// [`RoundOutcome::code`] numbers it. Blocks until then. `unmetered` and `saves_battery` are 0 for no: a number is passed
/// whole by Swift and by C alike.
///
/// # Safety
/// `data_dir` is null, or points to a C string that stays as it is until this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gatebook_background_round(
    data_dir: *const c_char,
    seconds: f64,
    unmetered: i32,
    saves_battery: i32,
) -> i32 {
    if data_dir.is_null() {
        return RoundOutcome::NothingToDo.code();
    }
    // SAFETY: not null, and by this function's contract a C string for as long as the call lasts.
    let data_dir = unsafe { CStr::from_ptr(data_dir) };
    let data_dir = Path::new(OsStr::from_bytes(data_dir.to_bytes()));
    let surroundings = Surroundings { unmetered: unmetered != 0, saves_battery: saves_battery != 0 };
    // A panic must not unwind into Swift. Nothing is left half done: transactions roll back when they are dropped.
    catch_unwind(|| rounds::run(data_dir, seconds, surroundings)).unwrap_or(RoundOutcome::Retry).code()
}

/// Hands `tell` what is to be shown as notifications now, as JSON (`rounds::to_tell`), in a C string that lasts for the call.
///
/// # Safety
/// `data_dir` is null, or points to a C string that stays as it is until this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gatebook_background_to_tell(data_dir: *const c_char, tell: extern "C" fn(*const c_char)) {
    if data_dir.is_null() {
        return;
    }
    // SAFETY: not null, and by this function's contract a C string for as long as the call lasts.
    let data_dir = unsafe { CStr::from_ptr(data_dir) };
    let data_dir = Path::new(OsStr::from_bytes(data_dir.to_bytes()));
    // A panic must not unwind into Swift.
    let told = catch_unwind(|| rounds::to_tell(data_dir)).ok().and_then(|json| CString::new(json).ok());
    if let Some(json) = told {
        tell(json.as_ptr());
    }
}

/// Stops the rounds under way: the system wants its time back.
#[unsafe(no_mangle)]
pub extern "C" fn gatebook_background_stop() {
    // A panic must not unwind into Swift.
    let _ = catch_unwind(rounds::stop);
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    extern "C" fn nothing_to_show(json: *const c_char) {
        // SAFETY: a C string that outlives the call.
        assert_eq!(unsafe { CStr::from_ptr(json) }, c"[]");
    }

    extern "C" fn never(_: *const c_char) {
        unreachable!("there is no folder to tell of");
    }

    #[test]
    fn swift_gets_an_answer_for_any_folder_and_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = CString::new(folder.path().as_os_str().as_bytes()).unwrap();
        // SAFETY: a C string that outlives the call; then null.
        let answers = unsafe {
            (
                gatebook_background_round(path.as_ptr(), 5.0, 1, 0),
                gatebook_background_round(std::ptr::null(), 5.0, 0, 1),
            )
        };
        assert_eq!(answers, (0, 0));

        // SAFETY: as above.
        unsafe {
            gatebook_background_to_tell(path.as_ptr(), nothing_to_show);
            gatebook_background_to_tell(std::ptr::null(), never);
        }
        gatebook_background_stop();
    }
}
