//! `andon serve`: the API, the event stream, and who may use them; over real sockets.

mod client;
mod security;
mod serving;
mod streams;
mod tasks;
