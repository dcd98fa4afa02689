//! What the black-box tests of the built `andon` stand on: a house of its own for each test, its dispatchers, and a look
//! at the processes of this machine.
//!
//! **Nothing here knows how Andon works inside**: it starts the binary, reads what it prints, and sends signals.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop, and says where"
)]

pub mod agents;
mod answer;
mod binary;
mod dispatcher;
mod house;
mod inspector;
pub mod model_server;
mod papers;
pub mod processes;
mod proxy;
mod receiver;
mod server;
mod wait;
pub mod workshop;

pub use answer::{Answer, text_of};
pub use binary::andon;
pub use dispatcher::Dispatcher;
pub use house::{Engine, House};
pub use inspector::inspector;
pub use model_server::ModelServer;
pub use papers::{Papers, TlsDoor};
pub use proxy::Proxy;
pub use receiver::{Received, Receiver};
pub use server::Server;
pub use wait::{wait_for, wait_until};

/// Whether the long variants of the tests are asked for (`ANDON_CHAOS=1`).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the switch of whoever runs the tests")]
pub fn chaos() -> bool {
    std::env::var_os("ANDON_CHAOS").is_some_and(|value| value == "1")
}
