//! The native functions of Kotlin's `Rounds` object. They need no webview and no Activity, only a Context.
#![allow(unsafe_code, reason = "the Java virtual machine finds a function by its unmangled name only")]
#![allow(unreachable_pub, reason = "what is found by its name is public, whatever the module")]
#![allow(non_snake_case, reason = "the name says class and method, as the Java Native Interface has it")]

use std::path::Path;

use gatebook_client::Surroundings;
use jni::EnvUnowned;
use jni::errors::{Error, LogErrorAndDefault, ThrowRuntimeExAndDefault};
use jni::objects::{JClass, JObject, JString};
use jni::sys::{jboolean, jdouble, jint};

use crate::rounds;

/// Gives Rust's TLS the system's certificate verifier. Must come before the first connection; repeats change nothing.
// SAFETY (no_mangle): no other function of this program bears the name, which spells our own package and class.
#[unsafe(no_mangle)]
pub extern "system" fn Java_app_gatebook_backgroundsync_Rounds_prepare<'local>(
    mut env: EnvUnowned<'local>,
    _class: JClass<'local>,
    context: JObject<'local>,
) {
    env.with_env(|env| rustls_platform_verifier::android::init_with_env(env, context))
        .resolve::<ThrowRuntimeExAndDefault>();
}

/// Runs one round over the store in `data_dir`, for at most `seconds`, and returns how it ended. Blocks until then. The
/// system says whether bytes cost nothing and whether the battery is to be saved. An
/// error or panic becomes a Java exception, which the worker takes for "try again".
// SAFETY (no_mangle): as above.
#[unsafe(no_mangle)]
pub extern "system" fn Java_app_gatebook_backgroundsync_Rounds_run<'local>(
    mut env: EnvUnowned<'local>,
    _class: JClass<'local>,
    data_dir: JString<'local>,
    seconds: jdouble,
    unmetered: jboolean,
    saves_battery: jboolean,
) -> jint {
    env.with_env(|env| {
        let data_dir = data_dir.try_to_string(env)?;
        let surroundings = Surroundings { unmetered, saves_battery };
        Ok::<_, Error>(rounds::run(Path::new(&data_dir), seconds, surroundings).code())
    })
    .resolve::<ThrowRuntimeExAndDefault>()
}

/// What is to be shown as notifications now, as JSON (`rounds::to_tell`); nothing after an error or a panic, which is logged.
// SAFETY (no_mangle): as above.
#[unsafe(no_mangle)]
pub extern "system" fn Java_app_gatebook_backgroundsync_Rounds_toTell<'local>(
    mut env: EnvUnowned<'local>,
    _class: JClass<'local>,
    data_dir: JString<'local>,
) -> JString<'local> {
    env.with_env(|env| {
        let data_dir = data_dir.try_to_string(env)?;
        env.new_string(rounds::to_tell(Path::new(&data_dir)))
    })
    .resolve::<LogErrorAndDefault>()
}

/// Stops the rounds under way: the system wants its time back.
// SAFETY (no_mangle): as above.
#[unsafe(no_mangle)]
pub extern "system" fn Java_app_gatebook_backgroundsync_Rounds_stop<'local>(
    mut env: EnvUnowned<'local>,
    _class: JClass<'local>,
) {
    env.with_env(|_| {
        rounds::stop();
        Ok::<_, Error>(())
    })
    .resolve::<LogErrorAndDefault>();
}
